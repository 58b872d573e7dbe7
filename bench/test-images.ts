import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import sharp from 'sharp';
import { globSync } from 'tinyglobby';
import { createImageDecoder } from '../lib/adapters/image';
import { probeImage } from '../lib/compiler/probe-images';
import { imageToPixels, parseImageProcessor } from '../lib/core/image-processor';

const SAMPLE_SCAN = resolve(__dirname, '../test/fixtures/icbm152-axial.jpg');
const COMPARED = 16;
const CALIBRATION = 64;
const GENERATED_SIDE = 256;

export interface TestImage {
  readonly file: string;
  /** The file that holds what the image processor makes of it, u8 [height, width, 3]: the same for every session. */
  readonly pixels: string;
}

export interface TestImages {
  readonly kind: string;
  /** Run in turn when timing. */
  readonly timed: readonly TestImage[];
  /** Logits are compared on these. */
  readonly compared: readonly TestImage[];
  /** u8 [n, height, width, 3], none of them among the others; for the peer that calibrates. */
  readonly calibration: string;
}

/** `count` of them, evenly spread. */
const spread = (files: readonly string[], count: number): string[] =>
  files.filter(
    (_, index) => Math.floor((index * count) / files.length) !== Math.floor(((index - 1) * count) / files.length),
  );

const generate = async (folder: string): Promise<string[]> => {
  const files: string[] = [];
  for (let index = 0; index < COMPARED + CALIBRATION; index += 1) {
    const file = join(folder, `generated-${index}.jpg`);
    const raw = { width: GENERATED_SIDE, height: GENERATED_SIDE, channels: 3 } as const;
    await sharp(probeImage(index, GENERATED_SIDE, GENERATED_SIDE), { raw })
      .jpeg({ quality: 95 })
      .toFile(file);
    files.push(file);
  }
  return files;
};

const choose = async (folder: string, images: string | undefined) => {
  if (images === undefined) {
    const files = await generate(folder);
    return {
      kind: 'timed on the sample scan, compared on it and 16 generated images',
      timed: [SAMPLE_SCAN],
      compared: [SAMPLE_SCAN, ...files.slice(0, COMPARED)],
      calibration: files.slice(COMPARED),
    };
  }
  const files = globSync('**/*.{jpg,jpeg}', { cwd: images, absolute: true, caseSensitiveMatch: false }).sort();
  const timed = spread(files, COMPARED);
  if (timed.length < COMPARED)
    throw new Error(`expected ${COMPARED} or more JPEG files in ${images}, received ${files.length}`);
  const others = files.filter((file) => !timed.includes(file));
  return {
    kind: `timed and compared on ${COMPARED} of ${files.length} real images`,
    timed,
    compared: timed,
    calibration: spread(others, CALIBRATION),
  };
};

/** The images of a run, and their pixels as this checkpoint's image processor makes them, in `folder`. */
export const prepareImages = async (folder: string, checkpoint: string, images?: string): Promise<TestImages> => {
  mkdirSync(folder, { recursive: true });
  const processor = parseImageProcessor(JSON.parse(readFileSync(join(checkpoint, 'preprocessor_config.json'), 'utf8')));
  const decoder = createImageDecoder();
  const pixelsOf = async (file: string): Promise<Uint8Array> => {
    const image = await decoder.decode(readFileSync(file));
    try {
      return imageToPixels(image, processor);
    } finally {
      image.dispose();
    }
  };
  const chosen = await choose(folder, images);
  const toTestImage = async (file: string, index: number): Promise<TestImage> => {
    const pixels = join(folder, `${index}-${basename(file)}.bin`);
    writeFileSync(pixels, await pixelsOf(file));
    return { file, pixels };
  };
  const compared = await Promise.all(chosen.compared.map(toTestImage));
  const calibration = join(folder, 'calibration.bin');
  writeFileSync(calibration, Buffer.concat(await Promise.all(chosen.calibration.map(pixelsOf))));
  return { kind: chosen.kind, timed: compared.slice(0, chosen.timed.length), compared, calibration };
};
