import { resolve } from 'node:path';
import { config } from '../../sulcus.config';
import { parseSettings } from '../core/deployment-settings';
import { isSulcusError } from '../core/errors';
import { buildAssets } from './build-assets';

/**
 * `npm run build`: stages everything the stacks deploy below dist/. `npm run package` adds --fetch, which lets it ask
 * npm for linux x64 modules where this machine has others.
 */
const main = async (): Promise<void> => {
  const options = process.argv.slice(2);
  const unknown = options.filter((option) => option !== '--fetch');
  if (unknown.length > 0) {
    console.error(`expected no option or --fetch, received ${unknown.join(' ')}`);
    process.exitCode = 2;
    return;
  }
  const settings = parseSettings(config);
  if ('problems' in settings) {
    for (const problem of settings.problems) console.error(`build: ${problem}`);
    process.exitCode = 1;
    return;
  }
  try {
    const root = resolve(__dirname, '../..');
    const { modelBundle, modelBundles } = settings;
    const assets = { root, fetch: options.includes('--fetch'), modelBundle, modelBundles };
    for (const line of await buildAssets(assets)) console.log(line);
  } catch (error) {
    if (!isSulcusError(error)) throw error;
    console.error(`build: ${error.message}`);
    process.exitCode = 1;
  }
};

void main();
