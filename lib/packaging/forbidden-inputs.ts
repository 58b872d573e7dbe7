import { SulcusError } from '../core/errors';

/** What must never reach Lambda inside a bundle: tools of the laptop, of the build and of the tests. */
export const FORBIDDEN = [
  'node_modules/aws-cdk-lib/',
  'node_modules/constructs/',
  'node_modules/esbuild/',
  'node_modules/tsx/',
  'node_modules/dynalite/',
  'node_modules/commander/',
  'node_modules/cli-progress/',
  'node_modules/@hono/node-server/',
  'node_modules/onnxruntime-node/',
  'node_modules/onnxruntime-common/',
  'node_modules/sharp/',
  'lib/compiler/',
  'lib/packaging/',
  'lib/local/',
  'lib/cli/',
  'lib/constructs/',
  'lib/stacks/',
  'test/',
] as const;

/** The inputs among `paths` (relative to the root, with `/`) that are forbidden. */
export const forbiddenInputs = (paths: readonly string[]): string[] =>
  paths.filter((path) =>
    FORBIDDEN.some((name) =>
      name.startsWith('node_modules/') ? `/${path}`.includes(`/${name}`) : path.startsWith(name),
    ),
  );

/** @throws CONFIG_INVALID naming the inputs that must not be in the bundle */
export const assertNoForbiddenInputs = (bundle: string, paths: readonly string[]): void => {
  const found = forbiddenInputs(paths);
  if (found.length === 0) return;
  throw new SulcusError(
    'CONFIG_INVALID',
    `expected only what a request needs in the bundle of ${bundle}, received ${found.slice(0, 5).join(', ')}` +
      (found.length > 5 ? ` and ${found.length - 5} more` : ''),
  );
};
