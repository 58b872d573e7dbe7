import { importVit } from '../../lib/compiler/architectures/vit/import-vit';
import { lowerVit } from '../../lib/compiler/architectures/vit/lower-vit';
import { probeImage } from '../../lib/compiler/probe-images';
import { smoothVit } from '../../lib/compiler/quantization/smooth-vit';
import { toFloatGraph } from '../../lib/compiler/quantization/to-float-graph';
import { toQuantizedGraph } from '../../lib/compiler/quantization/to-quantized-graph';
import { readConfigs } from '../../lib/compiler/read-checkpoint';
import { openWeights } from '../../lib/compiler/safetensors/open-weights';
import { imageToPixels } from '../../lib/core/image-processor';
import { runGraphFor } from '../support/tiny-graph';
import { memorySource, tinyCheckpoint } from '../support/tiny-vit';
import reference from './transformers-outputs.json';
import { PARITY_IMAGES, VARIANTS, type Variant } from './variants';

/** Absolute, and relative where outputs are larger than 1; the fixture has six decimals. */
const FLOAT_TOLERANCE = 1e-4;

/** int8 moves outputs of size 1 by a hundredth on average, three times as much where channels are outliers. */
const QUANTIZED_TOLERANCE: Readonly<Record<string, number>> = { outliers: 0.06 };
const QUANTIZED_DEFAULT = 0.03;

type Output = 'logits' | 'features' | 'pooled';
type Outputs = Readonly<Partial<Record<Output, readonly number[]>>>;

const importVariant = async (variant: Variant) => {
  const source = memorySource(tinyCheckpoint(variant));
  const { config, processor } = await readConfigs(source, variant.imageSize);
  const model = importVit(config, await openWeights(source));
  const { height, width } = variant.scan ?? config.imageSize;
  const images = PARITY_IMAGES.map((index) => {
    const pixels = probeImage(index, height, width);
    return imageToPixels({ pixels, height, width, channels: 3 }, processor);
  });
  return { model, processor, images };
};

/** Differences of all images and outputs, with what was expected. */
const compare = (received: readonly Partial<Record<Output, Float32Array>>[], expected: readonly Outputs[]) =>
  expected.flatMap((outputs, image) =>
    Object.entries(outputs).flatMap(([name, values]) => {
      expect(received[image]![name as Output]).toHaveLength(values.length);
      return values.map((target, index) => ({ target, value: received[image]![name as Output]![index]! }));
    }),
  );

describe.each(Object.entries(VARIANTS))('%s', (name, variant) => {
  const outputs = (reference.outputs as Record<string, Record<string, Outputs>>)[name]!;
  const expected = PARITY_IMAGES.map((index) => outputs[index]!);
  const wanted = Object.keys(expected[0]!) as Output[];

  test('the fp32 graph gives the outputs of transformers', async () => {
    const { model, processor, images } = await importVariant(variant);

    const received = await runGraphFor(toFloatGraph(lowerVit(model, processor)), images, wanted);

    const errors = compare(received, expected).map(
      ({ target, value }) => Math.abs(target - value) / Math.max(1, Math.abs(target)),
    );
    expect(errors.length).toBeGreaterThan(0);
    expect(Math.max(...errors)).toBeLessThan(FLOAT_TOLERANCE);
  });

  test('the int8 graph stays close to them', async () => {
    const { model, processor, images } = await importVariant(variant);

    const received = await runGraphFor(toQuantizedGraph(lowerVit(smoothVit(model), processor)), images, wanted);

    const differences = compare(received, expected).map(({ target, value }) => Math.abs(target - value));
    const mean = differences.reduce((a, b) => a + b, 0) / differences.length;
    expect(mean).toBeLessThan(QUANTIZED_TOLERANCE[name] ?? QUANTIZED_DEFAULT);
    expect(mean).toBeGreaterThan(0);
  });
});
