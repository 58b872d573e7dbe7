import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { probeImage } from '../../lib/compiler/probe-images';
import { readConfigs } from '../../lib/compiler/read-checkpoint';
import { memorySource, tinyCheckpoint } from '../support/tiny-vit';
import { PARITY_IMAGES, VARIANTS } from './variants';

/**
 * Writes every variant's checkpoint and the images' raw bytes for transformers_outputs.py: `tsx write-checkpoints.ts
 * <folder>`. Where a variant is compiled for another size, the checkpoint keeps its own and the processor has the other.
 */
const main = async (folder: string): Promise<void> => {
  for (const [name, variant] of Object.entries(VARIANTS)) {
    const target = join(folder, name);
    await mkdir(target, { recursive: true });
    const files = tinyCheckpoint(variant);
    const { config, processorBytes } = await readConfigs(memorySource(files), variant.imageSize);
    for (const [file, bytes] of files.set('preprocessor_config.json', processorBytes)) {
      await writeFile(join(target, file), bytes);
    }
    const { height, width } = variant.scan ?? config.imageSize;
    const hasPooler = variant.head === 'pooler';
    const isInterpolated = variant.imageSize !== undefined;
    await writeFile(join(target, 'variant.json'), JSON.stringify({ height, width, hasPooler, isInterpolated }));
    for (const index of PARITY_IMAGES) await writeFile(join(target, `${index}.rgb`), probeImage(index, height, width));
  }
};

void main(process.argv[2] ?? 'parity-checkpoints');
