import { extractFeatures } from '../../lib/core/extract-features';
import type { ModelManifest } from '../../lib/core/model-manifest';
import type { ClassifierModel } from '../../lib/core/ports';
import { createFakeClassify, createFakeModel } from '../support/fake-classifier';
import { fakeOutputs } from '../support/fake-outputs';

const FILE = Uint8Array.of(7);
const FEATURES = Float32Array.of(1.5, -0.1, 3e-8);

type Outputs = ModelManifest['graph']['outputs'];

const setUp = (outputs: Partial<Outputs> = {}) => {
  const asked: string[][] = [];
  const fake = createFakeModel();
  const model: ClassifierModel = {
    ...fake,
    manifest: {
      ...fake.manifest,
      imageSize: { height: 5, width: 7 },
      architecture: { heads: 2, patchSize: 2 } as ModelManifest['architecture'],
      graph: {
        outputs: { logits: null, features: 'features', pooled: null, attention: 'attention', ...outputs },
      } as ModelManifest['graph'],
    },
    run: async (_, wanted) => {
      asked.push([...wanted]);
      return fakeOutputs(wanted, {
        features: FEATURES,
        pooled: Float32Array.of(0.25),
        attention: Float32Array.from({ length: 2 * 7 }, (_value, index) => index),
      });
    },
  };
  return { deps: createFakeClassify(model), asked };
};

describe('extractFeatures', () => {
  it('gives the features unrounded, as numbers and as little-endian float32', async () => {
    const { deps, asked } = setUp();

    const { features, featuresBase64, pooled, attention, model } = await extractFeatures(deps, FILE, {
      attention: false,
    });

    const bytes = Buffer.from(featuresBase64, 'base64');
    expect(features).toEqual([...FEATURES]);
    expect(features.map((_, index) => bytes.readFloatLE(index * 4))).toEqual(features);
    expect([pooled, attention]).toEqual([null, null]);
    expect(model).toMatchObject({ name: 'fake' });
    expect(asked).toEqual([['features']]);
  });

  it('gives what the pooler gives where there is one', async () => {
    const { deps } = setUp({ pooled: 'pooled' });

    const { pooled, pooledBase64 } = await extractFeatures(deps, FILE, { attention: false });

    expect(pooled).toEqual([0.25]);
    expect(Buffer.from(pooledBase64!, 'base64').readFloatLE()).toBe(0.25);
  });

  it('gives attention by head, with the grid of its patches, when asked', async () => {
    const { deps, asked } = setUp();

    const { attention } = await extractFeatures(deps, FILE, { attention: true });

    expect(attention).toEqual({
      heads: 2,
      grid: { height: 2, width: 3 },
      weights: [
        [0, 1, 2, 3, 4, 5, 6],
        [7, 8, 9, 10, 11, 12, 13],
      ],
    });
    expect(asked).toEqual([['features', 'attention']]);
  });

  it('refuses a bundle from before features before it decodes', async () => {
    const { deps, asked } = setUp({ logits: 'logits', features: null, attention: null });
    const decode = jest.spyOn(deps.decoder, 'decode');

    const extracting = extractFeatures(deps, FILE, { attention: false });

    await expect(extracting).rejects.toMatchObject({ code: 'MODEL_HAS_NO_FEATURES', retryable: false });
    expect(decode).not.toHaveBeenCalled();
    expect(asked).toEqual([]);
    decode.mockRestore();
  });

  it('gives the features of a model that merges tokens, whose attention it refuses', async () => {
    const { deps, asked } = setUp({ attention: null });

    const { features } = await extractFeatures(deps, FILE, { attention: false });
    const refused = extractFeatures(deps, FILE, { attention: true });

    expect(features).toHaveLength(3);
    await expect(refused).rejects.toMatchObject({
      code: 'MODEL_HAS_NO_FEATURES',
      message: expect.stringContaining('without --merge-tokens'),
    });
    expect(asked).toEqual([['features']]);
  });
});
