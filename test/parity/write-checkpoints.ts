import { join } from 'node:path';
import { writeTinyCheckpoint } from '../support/tiny-vit';
import { TRANSFORMERS_CASES } from './transformers-cases';

/** The checkpoints of the cases as folders below the one named on the command line, for make_transformers_logits.py. */
const write = async (folder: string): Promise<void> => {
  for (const [name, options] of Object.entries(TRANSFORMERS_CASES)) {
    await writeTinyCheckpoint(join(folder, name), options);
  }
};

void write(process.argv[2]!);
