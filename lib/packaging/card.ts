import { resolve } from 'node:path';
import { isSulcusError } from '../core/errors';
import { writeCard } from './card/write-card';

/** `npm run card`: the model card of layers/model, from the records of the runs in training/runs. */
const main = async (): Promise<void> => {
  try {
    for (const path of await writeCard(resolve(__dirname, '../..'))) console.log(`wrote ${path}`);
  } catch (error) {
    if (!isSulcusError(error)) throw error;
    console.error(`card: ${error.message}`);
    process.exitCode = 1;
  }
};

void main();
