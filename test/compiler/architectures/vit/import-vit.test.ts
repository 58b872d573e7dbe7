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

test('tensors that classification does not use are ignored, a pooler among them', async () => {
  const extra = { shape: [32, 32], values: new Float32Array(1024).fill(Number.NaN) };
  const tensors = new Map([...tinyTensors(), ['vit.pooler.dense.weight', extra], ['decoder.0.weight', extra]]);

  const model = await importTensors(tensors);

  expect((await model.classifier!()).outSize).toBe(4);
  expect(model.pooler).toBeNull();
});

test.each([
  [true, 'classic'],
  [false, 'classic'],
  [true, 'modules'],
  [false, 'modules'],
] as const)('a bare model is found with its prefix (%s) and %s names, its pooler too', async (prefixed, naming) => {
  const options = { head: 'pooler', prefixed, naming, config: { pooler_output_size: 24 } } as const;

  const weights = await openWeights(memorySource(tinyCheckpoint(options)));
  const model = importVit(parseVitConfig(tinyConfig(options)), weights);

  expect(model.classifier).toBeNull();
  expect(await model.pooler!()).toMatchObject({ outSize: 24, inSize: 32 });
  expect((await model.embeddings()).clsToken).toHaveLength(32);
  expect((await model.layer(1)).mlpIn.outSize).toBe(64);
});

test('a bare model without a pooler has none, and a classifier in its file is not its own', async () => {
  const bare = await importTinyVit({ head: 'none' });
  const classified = importVit(
    parseVitConfig({ ...tinyConfig(), architectures: ['ViTModel'] }),
    await openWeights(memorySource(tinyCheckpoint())),
  );

  expect([bare.pooler, bare.classifier, classified.classifier]).toEqual([null, null, null]);
});

test('a file of a bare model that lacks a tensor is told by the name that it would have', async () => {
  const tensors = tinyTensors({ head: 'pooler', prefixed: false });
  tensors.delete('pooler.dense.bias');
  const source = await openWeights(memorySource(new Map([['model.safetensors', encodeSafetensors(tensors)]])));

  expect(() => importVit(parseVitConfig(tinyConfig({ head: 'pooler' })), source)).toThrow(
    'expected a tensor named pooler.dense.bias, received none',
  );
});

test('positions are interpolated to the size compiled for, and those of another size than the config says refused', async () => {
  const weights = await openWeights(memorySource(tinyCheckpoint()));
  const imageSize = { height: 48, width: 40 };

  const model = importVit(parseVitConfig(tinyConfig(), { imageSize }), weights);

  const { positions } = await model.embeddings();
  expect(positions).toHaveLength((1 + 6 * 5) * 32);
  expect(() => importVit(parseVitConfig(tinyConfig({ config: { image_size: 48 } })), weights)).toThrow(
    'expected shape [1, 37, 32] for tensor vit.embeddings.position_embeddings, received [1, 17, 32]',
  );
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
