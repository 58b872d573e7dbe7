import { parseVitConfig } from '../../../../lib/compiler/architectures/vit/config';
import { importVit } from '../../../../lib/compiler/architectures/vit/import-vit';
import type { TensorSource } from '../../../../lib/compiler/safetensors/open-safetensors';
import { tinyConfig } from '../../../support/tiny-vit';

const parse = (config: Readonly<Record<string, unknown>>) => parseVitConfig(tinyConfig({ config }));

const emptySource: TensorSource = {
  tensors: new Map(),
  read: async () => {
    throw new Error('expected nothing to be read');
  },
};

test.each<[string, unknown]>([
  ['hidden_size', 1e9],
  ['hidden_size', 2 ** 53],
  ['hidden_size', -32],
  ['intermediate_size', 1e12],
  ['num_hidden_layers', 1e6],
  ['num_attention_heads', 1e6],
  ['image_size', 1e6],
  ['image_size', [32, 1e9]],
  ['patch_size', 0],
])('%s of %p is refused as a slip of the pen, before anything is made of it', (key, value) => {
  expect(() => parse({ [key]: value })).toThrow(
    expect.objectContaining({
      code: 'CHECKPOINT_INVALID',
      message: expect.stringContaining(`for ${key} of config.json, received ${JSON.stringify(value)}`),
    }),
  );
});

test.each<[Record<string, unknown>, unknown]>([
  [{ image_size: 4096, patch_size: 1 }, 1],
  [{ image_size: 4096 }, 8],
  [{ image_size: [4096, 2048], patch_size: [8, 32] }, [8, 32]],
])('more patches than attention has memory for are refused: %j', (config, patchSize) => {
  expect(() => parse(config)).toThrow(
    expect.objectContaining({
      code: 'ARCHITECTURE_UNSUPPORTED',
      message: `expected at most 16384 patches in an image for patch_size of config.json, received ${JSON.stringify(patchSize)}`,
    }),
  );
});

test('as many patches as are allowed are taken', () => {
  expect(parse({ image_size: 2048, patch_size: 16 }).grid).toEqual({ height: 128, width: 128 });
});

test('the largest sizes that are taken still need their weights before any memory', () => {
  const config = parse({ hidden_size: 16_384, intermediate_size: 65_536, num_hidden_layers: 256, image_size: 1024 });

  expect(() => importVit(config, emptySource)).toThrow(
    expect.objectContaining({
      code: 'CHECKPOINT_INVALID',
      message: 'expected a tensor named vit.embeddings.cls_token, received none',
    }),
  );
});
