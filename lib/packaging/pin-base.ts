import { resolve } from 'node:path';
import { isSulcusError } from '../core/errors';
import { pinBaseImage, referenceOf } from './base-image';
import { lookUpDigest } from './registry-digest';

/** `npm run pin-base [-- sha256:…]`: writes the base image's digest, given or looked up, into the Dockerfile. */
const main = async ([digest]: readonly string[]): Promise<void> => {
  try {
    const { base, changed } = await pinBaseImage({ root: resolve(__dirname, '../..'), digest, lookUp: lookUpDigest });
    console.log(`${referenceOf(base)}${changed ? '  pinned now: commit the Dockerfile' : '  pinned'}`);
  } catch (error) {
    if (!isSulcusError(error)) throw error;
    console.error(`pin-base: ${error.message}`);
    process.exitCode = 1;
  }
};

void main(process.argv.slice(2));
