import { activate, type ClassifyScanDeps, classifyScan } from '../../lib/core/classify-scan';
import type { ModelManifest } from '../../lib/core/model-manifest';
import type { ClassifierModel } from '../../lib/core/ports';
import { calibrationOf } from '../support/calibrations';
import { createFakeClassify, createFakeModel } from '../support/fake-classifier';
import { fakeOutputs } from '../support/fake-outputs';

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

describe('a calibrated bundle', () => {
  const threshold = { score: 0.5, margin: 0.1, rule: 'a test' };

  it('divides logits by the temperature for the scores and leaves them as they are in the answer', async () => {
    const model = modelGiving([0, 2, 1], { calibration: calibrationOf({ temperature: 2 }) });

    const { scores, abstainReason } = await classifyScan(createFakeClassify(model), FILE);

    const sum = 1 + Math.exp(0.5) + Math.exp(1);
    expect(scores.map(({ label, logit }) => [label, logit])).toEqual([
      ['mild', 2],
      ['strong', 1],
      ['none', 0],
    ]);
    expect(scores[0]?.score).toBeCloseTo(Math.exp(1) / sum, 15);
    expect(abstainReason).toBeNull();
  });

  it('ranks by the score where a bias turns the order of the logits', async () => {
    const calibration = calibrationOf({ temperature: 1, bias: [3, 0, 0] });

    const { label, score, scores } = await classifyScan(
      createFakeClassify(modelGiving([0, 2, 1], { calibration })),
      FILE,
    );

    expect(scores.map((entry) => [entry.label, entry.logit])).toEqual([
      ['none', 0],
      ['mild', 2],
      ['strong', 1],
    ]);
    expect({ label, score }).toEqual({ label: 'none', score: Math.max(...scores.map((entry) => entry.score)) });
  });

  it.each([
    ['answers what is sure', [0, 9, 0], null],
    ['abstains below the score', [0, 0.5, 0], 'low_confidence'],
    ['abstains below the margin', [0, 9, 9], 'low_confidence'],
  ])('%s', async (_, logits, expected) => {
    const calibration = calibrationOf({ threshold });

    const answer = await classifyScan(createFakeClassify(modelGiving(logits, { calibration })), FILE);

    expect(answer.abstainReason).toBe(expected);
    expect(answer.scores).toHaveLength(3);
  });

  it.each([
    ['a label that surely applies', [9, -9, -9], null],
    ['labels that surely do not', [-9, -9, -9], null],
    ['a label that may', [0.1, -9, -9], 'low_confidence'],
  ])('knows with a sigmoid %s', async (_, logits, expected) => {
    const calibration = calibrationOf({ threshold: { ...threshold, score: 0.8 } });
    const model = modelGiving(logits, { activation: 'sigmoid', calibration });

    expect((await classifyScan(createFakeClassify(model), FILE)).abstainReason).toBe(expected);
  });

  describe('with an input gate', () => {
    const space = (size: number, mean: number) => ({
      mean: new Float32Array(size).fill(mean),
      directions: new Float32Array(size).fill(1 / Math.sqrt(size)),
      variances: Float32Array.of(1),
      restVariance: 1,
    });

    const gated = (features: readonly number[], grey: number) => {
      const gate = { scans: 100, featureLimit: 2, pixelLimit: 2, falseRejects: 0 };
      const model = modelGiving([0, 9, 0], { calibration: calibrationOf({ gate, threshold }) });
      const asked: string[][] = [];
      const deps = createFakeClassify({
        ...model,
        gate: { features: space(2, 5), pixels: space(256, 7 / 255 - 1 + grey) },
        run: async (_, wanted) => {
          asked.push([...wanted]);
          return fakeOutputs(wanted, { logits: Float32Array.of(0, 9, 0), features: Float32Array.from(features) });
        },
      });
      return { deps, asked };
    };

    it('answers what is like the training data, from one run', async () => {
      const { deps, asked } = gated([5, 5.5], 1);

      expect((await classifyScan(deps, FILE)).abstainReason).toBeNull();
      expect(asked).toEqual([['logits', 'features']]);
    });

    it.each([
      ['features', [50, 5], 1],
      ['thumbnail', [5, 5], 9],
    ] as const)('abstains from what is not by its %s, with all scores', async (_, features, grey) => {
      const answer = await classifyScan(gated(features, grey).deps, FILE);

      expect(answer).toMatchObject({ label: 'mild', abstainReason: 'not_a_brain_slice' });
      expect(answer.scores).toHaveLength(3);
    });
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
