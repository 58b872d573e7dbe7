import { resolve } from 'node:path';
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
  try {
    for (const line of await buildAssets({ root: resolve(__dirname, '../..'), fetch: options.includes('--fetch') })) {
      console.log(line);
    }
  } catch (error) {
    if (!isSulcusError(error)) throw error;
    console.error(`build: ${error.message}`);
    process.exitCode = 1;
  }
};

void main();
