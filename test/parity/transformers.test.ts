import { parseVitConfig } from '../../lib/compiler/architectures/vit/config';
import { importVit } from '../../lib/compiler/architectures/vit/import-vit';
import { lowerVit } from '../../lib/compiler/architectures/vit/lower-vit';
import { probeImage } from '../../lib/compiler/probe-images';
import { smoothVit } from '../../lib/compiler/quantization/smooth-vit';
import { toFloatGraph } from '../../lib/compiler/quantization/to-float-graph';
import { toQuantizedGraph } from '../../lib/compiler/quantization/to-quantized-graph';
import { openWeights } from '../../lib/compiler/safetensors/open-weights';
import { parseImageProcessor } from '../../lib/core/image-processor';
import { runGraph } from '../support/tiny-graph';
import { memorySource, type TinyVitOptions, tinyCheckpoint } from '../support/tiny-vit';
import reference from './transformers-logits.json';
import { PARITY_IMAGES, VARIANTS } from './variants';

/** Absolute, and relative where logits are larger than 1; the fixture has six decimals. */
const FLOAT_TOLERANCE = 1e-4;

/** int8 moves logits of size 1 by a hundredth on average, three times as much where channels are outliers. */
const QUANTIZED_TOLERANCE: Readonly<Record<string, number>> = { outliers: 0.06 };
const QUANTIZED_DEFAULT = 0.03;

const importVariant = async (options: TinyVitOptions) => {
  const files = tinyCheckpoint(options);
  const json = (name: string): unknown => JSON.parse(Buffer.from(files.get(name)!).toString());
  const config = parseVitConfig(json('config.json'));
  const processor = parseImageProcessor(json('preprocessor_config.json'));
  const model = importVit(config, await openWeights(memorySource(files)));
  const { height, width } = config.imageSize;
  return { model, processor, images: PARITY_IMAGES.map((index) => probeImage(index, height, width)) };
};

describe.each(Object.entries(VARIANTS))('%s', (name, options) => {
  const logitsOf = (reference.logits as Record<string, Record<string, number[]>>)[name]!;
  const expected = PARITY_IMAGES.map((index) => logitsOf[index]!);

  test('the fp32 graph gives the logits of transformers', async () => {
    const { model, processor, images } = await importVariant(options);

    const received = await runGraph(toFloatGraph(lowerVit(model, processor)), images);

    received.forEach((logits, image) => {
      logits.forEach((logit, label) => {
        const target = expected[image]![label]!;
        expect(Math.abs(logit - target)).toBeLessThan(FLOAT_TOLERANCE * Math.max(1, Math.abs(target)));
      });
    });
  });

  test('the int8 graph stays close to them', async () => {
    const { model, processor, images } = await importVariant(options);

    const received = await runGraph(toQuantizedGraph(lowerVit(smoothVit(model), processor)), images);

    const differences = received.flatMap((logits, image) =>
      [...logits].map((logit, label) => Math.abs(logit - expected[image]![label]!)),
    );
    const mean = differences.reduce((a, b) => a + b, 0) / differences.length;
    expect(mean).toBeLessThan(QUANTIZED_TOLERANCE[name] ?? QUANTIZED_DEFAULT);
    expect(mean).toBeGreaterThan(0);
  });
});
