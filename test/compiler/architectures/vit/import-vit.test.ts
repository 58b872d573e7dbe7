import { parseVitConfig } from '../../../../lib/compiler/architectures/vit/config';
import { importVit } from '../../../../lib/compiler/architectures/vit/import-vit';
import { openWeights } from '../../../../lib/compiler/safetensors/open-weights';
import { importTinyVit } from '../../../support/tiny-graph';
import {
  encodeSafetensors,
  memorySource,
  type TinyTensor,
  tinyCheckpoint,
  tinyConfig,
  tinyTensors,
} from '../../../support/tiny-vit';

const importTensors = async (tensors: ReadonlyMap<string, TinyTensor>) => {
  const files = new Map([['model.safetensors', encodeSafetensors(tensors)]]);
  return importVit(parseVitConfig(tinyConfig()), await openWeights(memorySource(files)));
};

test('parameters are counted as PyTorch counts them', async () => {
  const model = await importTinyVit();

  const expected = [...tinyTensors().values()].reduce((sum, { values }) => sum + values.length, 0);
  expect(model.parameters).toBe(expected);
});

test('the names of the Hub and those of transformers 5 modules give the same model', async () => {
  const layers = [];
  for (const naming of ['classic', 'modules'] as const) {
    const weights = await openWeights(memorySource(tinyCheckpoint({ naming })));
    layers.push(await importVit(parseVitConfig(tinyConfig()), weights).layer(1));
  }

  expect(layers[0]).toEqual(layers[1]);
});

test('tensors that classification does not use are ignored', async () => {
  const extra = { shape: [32, 32], values: new Float32Array(1024).fill(Number.NaN) };
  const tensors = new Map([...tinyTensors(), ['vit.pooler.dense.weight', extra]]);

  const model = await importTensors(tensors);

  expect((await model.classifier!()).outSize).toBe(4);
});

test('every tensor that is missing is named, before any is read', async () => {
  for (const name of tinyTensors().keys()) {
    const tensors = tinyTensors();
    tensors.delete(name);

    await expect(importTensors(tensors)).rejects.toMatchObject({
      code: 'CHECKPOINT_INVALID',
      message: expect.stringContaining(name),
    });
  }
});

test('a tensor of another shape is named with both shapes', async () => {
  const tensors = tinyTensors();
  tensors.set('vit.encoder.layer.1.output.dense.weight', { shape: [64, 32], values: new Float32Array(2048) });

  await expect(importTensors(tensors)).rejects.toMatchObject({
    code: 'CHECKPOINT_INVALID',
    message: 'expected shape [32, 64] for tensor vit.encoder.layer.1.output.dense.weight, received [64, 32]',
  });
});

test('a tensor of another rank is refused', async () => {
  const tensors = tinyTensors();
  tensors.set('vit.embeddings.cls_token', { shape: [1, 32], values: new Float32Array(32) });

  await expect(importTensors(tensors)).rejects.toMatchObject({ message: expect.stringContaining('received [1, 32]') });
});

test('a tensor that is no float is named', async () => {
  const source = await openWeights(memorySource(tinyCheckpoint()));
  const name = 'vit.layernorm.weight';
  const tensors = new Map(source.tensors).set(name, { ...source.tensors.get(name)!, dtype: 'I32' });

  expect(() => importVit(parseVitConfig(tinyConfig()), { ...source, tensors })).toThrow(
    `expected F32, F16, BF16 for tensor ${name}, received I32`,
  );
});

test('a layer that the model does not have is a mistake of the caller', async () => {
  const model = await importTinyVit();

  await expect(model.layer(2)).rejects.toThrow('expected a layer below 2, received 2');
});
