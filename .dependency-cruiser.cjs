/** The import table of the house, enforced: which folder may know what. A changed rule is a reviewed change. */
const within = (...folders) => folders.map((folder) => `^${folder}`);
const forbid = (name, from, to, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: from },
  to: { path: to },
});

const adapterOnly = (name, packages, ...adapters) => ({
  name: `only-${name}`,
  severity: 'error',
  from: { path: within('bin', 'lib', 'functions'), pathNot: adapters.map((adapter) => `^lib/adapters/${adapter}/`) },
  to: { path: packages.map((entry) => `node_modules/${entry}/`) },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'core-is-pure',
      severity: 'error',
      comment: 'core knows zod, topology (constants) and core; no Node built-ins, no SDK, no other room',
      from: { path: '^lib/core' },
      to: { pathNot: ['^lib/core', '^lib/topology', 'node_modules/zod/'] },
    },
    { name: 'topology-imports-nothing', severity: 'error', from: { path: '^lib/topology' }, to: { path: '.+' } },
    {
      name: 'adapters-do-not-meet',
      severity: 'error',
      from: { path: '^lib/adapters/([^/]+)/' },
      to: { path: '^lib/adapters/', pathNot: '^lib/adapters/$1/' },
    },
    forbid(
      'adapters-know-core',
      '^lib/adapters',
      within('lib/(compiler|packaging|local|cli|constructs|stacks)', 'functions'),
    ),
    forbid('compiler-knows-core', '^lib/compiler', [
      ...within('lib/(adapters|packaging|local|cli|constructs|stacks)', 'functions'),
      '^(node:)?fs',
      'onnxruntime',
    ]),
    forbid(
      'functions-stay-thin',
      '^functions',
      within('lib/(compiler|packaging|local|cli|constructs|stacks)').concat('aws-cdk-lib'),
    ),
    forbid(
      'constructs-know-topology',
      '^lib/(constructs|stacks)',
      within('lib/(adapters|compiler|local|cli)', 'functions'),
    ),
    forbid('local-knows-no-cdk', '^lib/(local|cli|packaging)', ['aws-cdk-lib', '^lib/(constructs|stacks)']),
    adapterOnly('onnx', ['onnxruntime-node'], 'onnx'),
    adapterOnly('image', ['sharp'], 'image'),
    adapterOnly('s3', ['@aws-sdk/client-s3', '@aws-sdk/s3-request-presigner'], 's3'),
    adapterOnly(
      'dynamodb',
      ['@aws-sdk/client-dynamodb', '@aws-sdk/lib-dynamodb', '@aws-sdk/util-dynamodb'],
      'dynamodb',
    ),
    adapterOnly('eventbridge', ['@aws-sdk/client-eventbridge'], 'eventbridge'),
    adapterOnly('sqs', ['@aws-sdk/client-sqs'], 'webhook-queue', 'dead-letters'),
    adapterOnly('releases', ['@aws-sdk/client-lambda', '@aws-sdk/client-codedeploy'], 'releases'),
    adapterOnly('sfn', ['@aws-sdk/client-sfn'], 'step-functions'),
    adapterOnly('secrets', ['@aws-sdk/client-secrets-manager'], 'secrets'),
    adapterOnly('jwt', ['jose'], 'jwt'),
    adapterOnly('logging', ['@aws-lambda-powertools/logger', '@aws-lambda-powertools/metrics'], 'logging'),
    adapterOnly('tracing', ['@aws-lambda-powertools/tracer'], 'tracing'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['require', 'node', 'default', 'import', 'types'],
    },
  },
};
