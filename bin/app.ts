import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { App } from 'aws-cdk-lib';
import { distOf } from '../lib/packaging/layout';
import { parseSettings } from '../lib/stacks/settings';
import { type AssetFolders, addStacks } from '../lib/stacks/sulcus-app';

/** CDK entry: context and staged folders in, stacks out. Nothing is built or fetched here. */

const fail = (problems: readonly string[]): never => {
  for (const problem of problems) console.error(`sulcus: ${problem}`);
  process.exit(1);
};

const dist = distOf(resolve(__dirname, '..'));
const folders: AssetFolders = {
  classifyApi: dist.functions('classify-api'),
  classifyUpload: dist.functions('classify-upload'),
  authorize: dist.functions('authorize'),
  describe: dist.functions('describe'),
  nativeRuntimeLayer: dist.nativeRuntimeLayer,
  modelLayer: dist.modelLayer,
  image: dist.image,
};

const app = new App();
const settings = parseSettings((name) => app.node.tryGetContext(name));
if ('problems' in settings) fail(settings.problems);
else {
  const missing = Object.values(folders).filter((folder) => !existsSync(folder));
  if (missing.length > 0) {
    fail([
      `expected staged assets, received none at ${missing.join(', ')}`,
      'run `npm run build`, or `npm run package` where node_modules is not for linux x64 (it fetches what is missing)',
    ]);
  }
  addStacks(app, settings, folders);
}
