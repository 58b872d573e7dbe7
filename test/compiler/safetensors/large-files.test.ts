import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCheckpointFolder } from '../../../lib/adapters/checkpoint-folder';
import { openSafetensors } from '../../../lib/compiler/safetensors/open-safetensors';
import { openWeights } from '../../../lib/compiler/safetensors/open-weights';
import type { CheckpointFile } from '../../../lib/core/compiler-ports';
import { entry, fileOf, fileWith } from './safetensors-files';

const GIB = 2 ** 30;
const CHUNK = 64 * 2 ** 20;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sulcus-large-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a tensor beyond 4 GiB of a file is read from its place', async () => {
  const header = fileWith({
    big: entry('F32', [5 * 2 ** 28], 0, 5 * GIB),
    end: entry('F32', [2], 5 * GIB, 5 * GIB + 8),
  });
  const file = await open(join(folder, 'model.safetensors'), 'w');
  await file.write(header);
  // The 5 GiB between are a hole: they take no space on disk.
  await file.write(new Uint8Array(Float32Array.of(0.5, -2).buffer), 0, 8, header.length + 5 * GIB);
  await file.close();

  const weights = await openWeights(await openCheckpointFolder(folder));

  expect([...(await weights.read('end'))]).toEqual([0.5, -2]);
  await weights.close();
});

/** A file of zeros after its header, but for one byte; it records how much was asked for at once. */
const zeros = (header: Uint8Array, sizeBytes: number, { at = -1, value = 0 } = {}) => {
  const lengths: number[] = [];
  const file: CheckpointFile = {
    sizeBytes,
    read: async (offset, length) => {
      lengths.push(length);
      if (offset < header.length) return header.slice(offset, offset + length);
      const bytes = new Uint8Array(length);
      if (at >= offset && at < offset + length) bytes[at - offset] = value;
      return bytes;
    },
    sha256: async () => '',
    close: async () => {},
  };
  return { file, lengths };
};

test.each([
  ['F32', 4],
  ['BF16', 2],
] as const)('a large tensor of %s is read in chunks', async (dtype, elementBytes) => {
  const elements = CHUNK / elementBytes + 3;
  const header = fileWith({ big: entry(dtype, [elements], 0, elements * elementBytes) });
  const last = header.length + elements * elementBytes - 1;
  const { file, lengths } = zeros(header, last + 1, { at: last, value: 0x40 });

  const values = await (await openSafetensors(file)).read('big');

  expect(values).toHaveLength(elements);
  expect(values[elements - 1]).toBe(2);
  expect(values[elements - 2]).toBe(0);
  expect(lengths.slice(2)).toEqual([CHUNK, 3 * elementBytes]);
});

test('a value that is not finite is told by its place in the whole tensor', async () => {
  const elements = CHUNK / 2 + 3;
  const header = fileWith({ big: entry('F16', [elements], 0, elements * 2) });
  const last = header.length + elements * 2 - 1;
  const { file } = zeros(header, last + 1, { at: last, value: 0x7c });

  const source = await openSafetensors(file);

  await expect(source.read('big')).rejects.toMatchObject({
    code: 'CHECKPOINT_INVALID',
    message: `expected finite values for tensor big, received Infinity at ${elements - 1}`,
  });
});

test('a tensor that no memory holds is refused by name before it is read', async () => {
  const header = fileWith({ big: entry('BF16', [2 ** 22, 2 ** 26], 0, 2 ** 49) });
  const { file, lengths } = zeros(header, header.length + 2 ** 49);

  const source = await openSafetensors(file);

  await expect(source.read('big')).rejects.toMatchObject({
    code: 'CHECKPOINT_INVALID',
    message: 'expected a tensor that fits into memory for big, received shape [4194304, 67108864]',
  });
  expect(lengths).toHaveLength(2);
});

test('a shape whose product is beyond all numbers is refused', async () => {
  const header = fileWith({ big: entry('F32', Array(16).fill(2 ** 53 - 1), 0, 8) }, 8);

  await expect(openSafetensors(fileOf(header))).rejects.toMatchObject({
    code: 'CHECKPOINT_INVALID',
    message: expect.stringContaining('for tensor "big"'),
  });
});
