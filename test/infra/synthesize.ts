import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { defaultSettings, type Settings } from '../../lib/core/deployment-settings';
import { type AssetFolders, addStacks } from '../../lib/stacks/sulcus-app';

export const ROOT = resolve(__dirname, '../..');
export const DOCKERFILE = readFileSync(join(ROOT, 'functions/classify-api/Dockerfile'), 'utf8');

/** The feature flags of cdk.json: `new App()` does not read them, and other defaults would apply. */
export const { context } = JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8'));

export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a template is untyped JSON
  readonly Properties: any;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly DependsOn?: readonly string[];
}

export interface DockerImage {
  readonly source: {
    readonly directory: string;
    readonly platform?: string;
    readonly dockerBuildTarget?: string;
    readonly dockerBuildArgs?: Readonly<Record<string, string>>;
  };
  readonly destinations: Readonly<Record<string, unknown>>;
}

export interface Deployment {
  readonly data: Template;
  readonly ingest: Template;
  readonly api: Template;
  readonly events: Template;
  readonly observability: Template;
  readonly app: App;
  /** The Docker images that `cdk deploy` would build for each stack, by asset id. */
  readonly apiImages: Readonly<Record<string, DockerImage>>;
  readonly ingestImages: Readonly<Record<string, DockerImage>>;
  readonly remove: () => void;
}

/** Assets stand in for dist/: what the templates say does not depend on their content. */
const writeAssets = (folder: string): AssetFolders => {
  const names = [
    'classifyApi',
    'classifyUpload',
    'backfillScans',
    'authorize',
    'describe',
    'publishResults',
    'deliverWebhook',
    'nativeRuntimeLayer',
    'modelLayer',
    'image',
  ] as const;
  const folders = Object.fromEntries(names.map((name) => [name, join(folder, name)])) as unknown as AssetFolders;
  for (const name of names) {
    mkdirSync(folders[name]);
    writeFileSync(
      join(folders[name], name === 'image' ? 'Dockerfile' : 'index.js'),
      name === 'image' ? DOCKERFILE : name,
    );
  }
  return folders;
};

export const MODEL = 'tiny-vit 1.0.0 sha256:abc';
export const BASE_IMAGE = `base.example/nodejs:24@sha256:${'a'.repeat(64)}`;

export const createApp = (folder: string, settings: Partial<Settings>): App => {
  mkdirSync(folder, { recursive: true });
  const app = new App({ context, outdir: join(folder, 'cdk.out') });
  addStacks(app, { ...defaultSettings(), ...settings }, writeAssets(folder), MODEL, BASE_IMAGE);
  return app;
};

/** Writes a cloud assembly as `cdk synth` does. @returns its folder */
export const synthesizeTo = (folder: string, settings: Partial<Settings>): string => {
  mkdirSync(folder);
  return createApp(folder, settings).synth().directory;
};

export const synthesize = (settings: Partial<Settings> = {}): Deployment => {
  const folder = mkdtempSync(join(tmpdir(), 'sulcus-infra-'));
  const app = createApp(folder, settings);
  const templateOf = (id: string) => Template.fromStack(app.node.findChild(id) as Stack);
  const [data, ingest, api] = [templateOf('SulcusData'), templateOf('SulcusIngest'), templateOf('SulcusApi')];
  const imagesOf = (id: string): Deployment['apiImages'] =>
    JSON.parse(readFileSync(join(folder, 'cdk.out', `${id}.assets.json`), 'utf8')).dockerImages;
  return {
    data,
    ingest,
    api,
    events: templateOf('SulcusEvents'),
    observability: templateOf('SulcusObservability'),
    app,
    apiImages: imagesOf('SulcusApi'),
    ingestImages: imagesOf('SulcusIngest'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
};

/** Resources of a type, by logical id. */
export const find = (template: Template, type: string): [string, Resource][] =>
  Object.entries(template.findResources(type)) as [string, Resource][];

/** The only resource of a type whose logical id begins so. */
export const findOne = (template: Template, type: string, prefix = ''): Resource => {
  const found = find(template, type).filter(([id]) => id.startsWith(prefix));
  if (found.length !== 1) throw new Error(`expected one ${type} ${prefix}, received ${found.map(([id]) => id)}`);
  return found[0]![1];
};

const EXPORTED = /^Sulcus\w+:ExportsOutput(?:Ref|FnGetAtt)(\w+?)[0-9A-F]{8}(?:Arn\w*|[0-9A-F]*)$/;

/** Text of an intrinsic: the logical id it refers to without CDK's hash, `ScansBucket/uploads/*` for a joined ARN. */
export const show = (value: unknown): string => {
  if (typeof value === 'string') return value.replace(EXPORTED, '$1');
  if (Array.isArray(value)) return value.map(show).join(' ');
  if (typeof value !== 'object' || value === null) return String(value);
  const [[name, argument]] = Object.entries(value as Record<string, unknown>) as [[string, unknown]];
  if (name === 'Fn::Join') return ((argument as unknown[])[1] as unknown[]).map(show).join('');
  if (name === 'Fn::GetAtt') return show((argument as unknown[])[0]).replace(/[0-9A-F]{8}$/, '');
  if (name === 'Ref') return (argument as string).replace(/[0-9A-F]{8}$/, '');
  return show(argument);
};

export interface Statement {
  readonly actions: string[];
  readonly resources: string[];
  readonly condition?: unknown;
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

/** What the role of a function may do, from all policies attached to it. */
export const permissions = (template: Template, functionPrefix: string): Statement[] =>
  find(template, 'AWS::IAM::Policy')
    .filter(([, policy]) => policy.Properties.Roles.map(show).some((role: string) => role.startsWith(functionPrefix)))
    .flatMap(([, policy]) => policy.Properties.PolicyDocument.Statement)
    .map((statement) => ({
      actions: list(statement.Action) as string[],
      resources: list(statement.Resource).map(show),
      ...(statement.Condition === undefined ? {} : { condition: withoutIntrinsics(statement.Condition) }),
    }));

/** Joined texts as `show` has them, the rest as it is. */
const withoutIntrinsics = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutIntrinsics);
  if ('Fn::Join' in value) return show(value);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withoutIntrinsics(member)]));
};
