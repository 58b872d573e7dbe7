import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModel } from '../../lib/adapters/onnx';
import { parseVitConfig } from '../../lib/compiler/architectures/vit/config';
import { importVit } from '../../lib/compiler/architectures/vit/import-vit';
import { lowerVit } from '../../lib/compiler/architectures/vit/lower-vit';
import { toFloatGraph } from '../../lib/compiler/quantization/to-float-graph';
import { readJson } from '../../lib/compiler/read-json';
import { openWeights } from '../../lib/compiler/safetensors/open-weights';
import { parseImageProcessor } from '../../lib/core/image-processor';
import { writeTinyBundle } from '../support/tiny-bundle';
import { runGraph } from '../support/tiny-graph';
import { memorySource, type TinyVitOptions, tinyCheckpoint } from '../support/tiny-vit';
import { IMAGES, parityImage, TRANSFORMERS_CASES } from './transformers-cases';
import transformers from './transformers-logits.json';

/** Both sides round to float32 in their own order, and the file keeps six digits; logits are of size 1. */
const FLOAT_TOLERANCE = 1e-4;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sulcus-parity-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const expectedLogits: Readonly<Record<string, readonly (readonly number[])[]>> = transformers.logits;
const cases = Object.entries(TRANSFORMERS_CASES);
const imagesOf = ({ config }: TinyVitOptions): Uint8Array[] =>
  Array.from({ length: IMAGES }, (_, index) => parityImage(index, Number(config?.image_size ?? 32)));

const largestDifference = (a: readonly ArrayLike<number>[], b: readonly ArrayLike<number>[]): number =>
  Math.max(...a.flatMap((row, image) => Array.from(row, (value, label) => Math.abs(value - b[image]![label]!))));

test('the file has the logits of every case, and of no other', () => {
  expect(Object.keys(transformers.logits).sort()).toEqual(cases.map(([name]) => name).sort());
});

test.each(cases)('the fp32 graph gives the logits of transformers: %s', async (name, options) => {
  const source = memorySource(tinyCheckpoint(options));
  const processor = parseImageProcessor(await readJson(source, 'preprocessor_config.json'));
  const model = importVit(parseVitConfig(await readJson(source, 'config.json')), await openWeights(source));

  const logits = await runGraph(toFloatGraph(lowerVit(model, processor)), imagesOf(options));

  expect(logits.map(({ length }) => length)).toEqual(expectedLogits[name]!.map(({ length }) => length));
  expect(largestDifference(logits, expectedLogits[name]!)).toBeLessThan(FLOAT_TOLERANCE);
});

test.each(cases)(
  'the compiled bundle stays within its bound of the logits of transformers: %s',
  async (name, options) => {
    const manifest = await writeTinyBundle(join(folder, name), options);
    const model = await openModel(join(folder, name), { threads: 1 });

    const logits: Float32Array[] = [];
    for (const image of imagesOf(options)) logits.push(await model.run(image));

    expect(manifest.parity.exceeded).toBe(false);
    expect(largestDifference(logits, expectedLogits[name]!)).toBeLessThan(manifest.parity.bound);
    await model.dispose();
  },
);
