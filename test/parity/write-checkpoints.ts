import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { probeImage } from '../../lib/compiler/probe-images';
import { TINY_CONFIG, writeTinyCheckpoint } from '../support/tiny-vit';
import { PARITY_IMAGES, VARIANTS } from './variants';

/** Writes every variant's checkpoint and the images' raw bytes for transformers_logits.py: `tsx write-checkpoints.ts <folder>`. */
const main = async (folder: string): Promise<void> => {
  for (const [name, options] of Object.entries(VARIANTS)) {
    const target = join(folder, name);
    await mkdir(target, { recursive: true });
    await writeTinyCheckpoint(target, options);
    const side = Number(options.config?.image_size ?? TINY_CONFIG.image_size);
    for (const index of PARITY_IMAGES) await writeFile(join(target, `${index}.rgb`), probeImage(index, side, side));
  }
};

void main(process.argv[2] ?? 'parity-checkpoints');
