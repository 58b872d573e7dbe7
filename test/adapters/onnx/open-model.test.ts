import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModel } from '../../../lib/adapters/onnx';
import { writeTinyBundle } from '../../support/tiny-bundle';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sulcus-onnx-'));
  await writeTinyBundle(join(folder, 'bundle'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a compiled bundle opens and gives one finite logit per label', async () => {
  const model = await openModel(join(folder, 'bundle'), { threads: 1, verify: true });

  const logits = await model.run(new Uint8Array(32 * 32 * 3).fill(90));

  expect(model.manifest.labels).toEqual(['amber', 'birch', 'cedar', 'dune']);
  expect(logits).toHaveLength(4);
  expect([...logits].every(Number.isFinite)).toBe(true);
  await model.dispose();
});
