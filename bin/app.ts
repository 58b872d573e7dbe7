import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { App } from 'aws-cdk-lib';
import { parseSettings } from '../lib/core/deployment-settings';
import { isSulcusError } from '../lib/core/errors';
import { MANIFEST_FILE } from '../lib/core/model-manifest';
import { assertLayersFit } from '../lib/packaging/assert-layers-fit';
import { buildableBase, pinBaseImage, readBaseImage, referenceOf } from '../lib/packaging/base-image';
import { distOf, OPT } from '../lib/packaging/layout';
import { lookUpDigest } from '../lib/packaging/registry-digest';
import { addChecks } from '../lib/stacks/checks';
import { type AssetFolders, addStacks } from '../lib/stacks/sulcus-app';
import { config } from '../sulcus.config';

/**
 * CDK entry: sulcus.config.ts, context and staged folders in, stacks out. Nothing is built here, and nothing fetched but,
 * with `-c pinBase=true` as `npm run deploy` has it, the digest of a base image that is not pinned yet.
 */

const fail = (problems: readonly string[]): never => {
  for (const problem of problems) console.error(`sulcus: ${problem}`);
  process.exit(1);
};

const root = resolve(__dirname, '..');
const dist = distOf(root);
const folders: AssetFolders = {
  classifyApi: dist.functions('classify-api'),
  classifyUpload: dist.functions('classify-upload'),
  backfillScans: dist.functions('backfill-scans'),
  authorize: dist.functions('authorize'),
  describe: dist.functions('describe'),
  publishResults: dist.functions('publish-results'),
  deliverWebhook: dist.functions('deliver-webhook'),
  nativeRuntimeLayer: dist.nativeRuntimeLayer,
  modelLayer: dist.modelLayer,
  image: dist.image,
};

/** What the staged bundle says it is; the build has checked its manifest. */
const describeModel = (): string => {
  const { name, version, digest } = JSON.parse(
    readFileSync(join(folders.modelLayer, OPT.model, MANIFEST_FILE), 'utf8'),
  );
  return `${name} ${version} ${digest}`;
};

/** What images start from. Without a pin it is a name that fails the build, and nothing else: layers need none. */
const chooseBase = async (pin: boolean): Promise<string> => {
  if (!pin) return buildableBase(await readBaseImage(join(folders.image, 'Dockerfile')));
  const { base, changed } = await pinBaseImage({ root, lookUp: lookUpDigest });
  if (changed) console.error(`sulcus: pinned ${referenceOf(base)}; commit functions/classify-api/Dockerfile`);
  return referenceOf(base);
};

const main = async (app: App): Promise<void> => {
  const settings = parseSettings(config, (name) => app.node.tryGetContext(name));
  if ('problems' in settings) return fail(settings.problems);
  const missing = Object.values(folders).filter((folder) => !existsSync(folder));
  if (missing.length > 0) {
    fail([
      `expected staged assets, received none at ${missing.join(', ')}`,
      'run `npm run build`, or `npm run package` where node_modules is not for linux x64 (it fetches what is missing)',
    ]);
  }
  if (settings.packaging === 'layers') await assertLayersFit(dist);
  const pin = settings.packaging === 'image' && String(app.node.tryGetContext('pinBase')) === 'true';
  addStacks(app, settings, folders, describeModel(), await chooseBase(pin));
  addChecks(app);
};

// The app writes its stacks when nothing is left to do, which is after this.
main(new App()).catch((error: unknown) => {
  if (!isSulcusError(error)) throw error;
  fail([error.message]);
});
