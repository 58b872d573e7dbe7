import { activate, type ClassifyScanDeps, classifyScan } from '../../lib/core/classify-scan';
import type { ModelManifest } from '../../lib/core/model-manifest';
import type { ClassifierModel } from '../../lib/core/ports';
import { createFakeClassify, createFakeModel } from '../support/fake-classifier';

const FILE = Uint8Array.of(7);

const modelGiving = (logits: readonly number[], manifest: Partial<ModelManifest> = {}): ClassifierModel => {
  const model = createFakeModel(async () => Float32Array.from(logits));
  return { ...model, manifest: { ...model.manifest, ...manifest } };
};

describe('classifyScan', () => {
  it('gives every label with softmax score and logit, highest first, and names the model', async () => {
    const { label, score, scores, model } = await classifyScan(createFakeClassify(modelGiving([0, 2, 1])), FILE);

    const sum = 1 + Math.exp(1) + Math.exp(2);
    expect(scores.map((entry) => [entry.label, entry.logit])).toEqual([
      ['mild', 2],
      ['strong', 1],
      ['none', 0],
    ]);
    expect(scores[0]?.score).toBeCloseTo(Math.exp(2) / sum, 15);
    expect({ label, score }).toEqual({ label: 'mild', score: scores[0]?.score });
    expect(model).toEqual({ name: 'fake', version: '1', digest: `sha256:${'0'.repeat(64)}` });
  });

  it('keeps the order of the labels among equal logits', async () => {
    const { scores } = await classifyScan(createFakeClassify(modelGiving([1, 1, 1])), FILE);

    expect(scores.map((entry) => entry.label)).toEqual(['none', 'mild', 'strong']);
  });

  it('scores each label by itself when the manifest says sigmoid', async () => {
    const deps = createFakeClassify(modelGiving([0, 800, -800], { activation: 'sigmoid' }));

    const { scores } = await classifyScan(deps, FILE);

    expect(scores.map((entry) => entry.score)).toEqual([1, 0.5, 0]);
  });

  it('refuses logits that do not fit the labels', async () => {
    const failing = classifyScan(createFakeClassify(modelGiving([1, 2])), FILE);

    await expect(failing).rejects.toMatchObject({
      code: 'INFERENCE_FAILED',
      message: "expected 3 logits for the model's labels, received 2",
    });
  });

  it('times the parts, which make no more than the whole', async () => {
    const { timings } = await classifyScan(createFakeClassify(), FILE);

    const { decodeMs, preprocessMs, inferenceMs, totalMs } = timings;
    expect(Math.min(decodeMs, preprocessMs, inferenceMs)).toBeGreaterThanOrEqual(0);
    expect(decodeMs + preprocessMs + inferenceMs).toBeLessThanOrEqual(totalMs + 1e-6);
  });

  it('hands the pixels back when they cannot be resized to what the model takes', async () => {
    let disposed = 0;
    const model = createFakeModel();
    const deps: ClassifyScanDeps = {
      model: async () => ({ ...model, imageProcessor: { ...model.imageProcessor, resize: null } }),
      decoder: {
        decode: async () => ({
          pixels: new Uint8Array(4),
          width: 2,
          height: 2,
          channels: 1,
          dispose: () => {
            disposed += 1;
          },
        }),
      },
    };

    await expect(classifyScan(deps, FILE)).rejects.toMatchObject({ retryable: false });

    expect(disposed).toBe(1);
  });
});

describe('activate', () => {
  it('neither overflows nor loses small scores to rounding in softmax', () => {
    const [large, small] = activate([1000, 900], 'softmax');

    expect(large).toBe(1);
    expect(small).toBeCloseTo(Math.exp(-100), 50);
  });

  it('leaves logits as they are for none', () => {
    expect(activate([3, -1], 'none')).toEqual([3, -1]);
  });
});
