import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { App } from 'aws-cdk-lib';
import { isSulcusError } from '../lib/core/errors';
import { assertLayersFit } from '../lib/packaging/assert-layers-fit';
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

const main = async (app: App): Promise<void> => {
  const settings = parseSettings((name) => app.node.tryGetContext(name));
  if ('problems' in settings) return fail(settings.problems);
  const missing = Object.values(folders).filter((folder) => !existsSync(folder));
  if (missing.length > 0) {
    fail([
      `expected staged assets, received none at ${missing.join(', ')}`,
      'run `npm run build`, or `npm run package` where node_modules is not for linux x64 (it fetches what is missing)',
    ]);
  }
  if (settings.packaging === 'layers') await assertLayersFit(dist);
  addStacks(app, settings, folders);
};

// The app writes its stacks when nothing is left to do, which is after this.
main(new App()).catch((error: unknown) => {
  if (!isSulcusError(error)) throw error;
  fail([error.message]);
});
