const { availableParallelism } = require('node:os');

/** One suite, one process model: onnxruntime's typed arrays need the environment in test/support. */
module.exports = {
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  testEnvironment: '<rootDir>/test/support/native-environment.js',
  setupFiles: ['<rootDir>/test/support/environment.js'],
  transform: {
    '\\.[cm]?[jt]s$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  // These ship ES modules only, which Jest cannot require untransformed.
  transformIgnorePatterns: ['/node_modules/(?!@hono/node-server/|jose/)'],
  testTimeout: 30_000,
  // Jest leaves a core free, which on two cores leaves one at work.
  maxWorkers: Math.max(2, availableParallelism() - 1),
};
