import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openModel } from '../../../lib/adapters/onnx';

const BUNDLE = resolve(__dirname, '../../../layers/model');

/** What this process has mapped of the weights' file, in bytes. */
const mappedBytes = (path: string): number =>
  readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.endsWith(` ${path}`))
    .map((line) => (line.split(' ')[0] as string).split('-').map((address) => Number.parseInt(address, 16)))
    .reduce((sum, [start = 0, end = 0]) => sum + end - start, 0);

const onLinux = process.platform === 'linux' ? test : test.skip;
onLinux('weights lie beside the graph and are mapped, not read, where they are used as they lie', async () => {
  const { sizeBytes } = JSON.parse(readFileSync(join(BUNDLE, 'manifest.json'), 'utf8')).files.find(
    ({ path }: { path: string }) => path.endsWith('.onnx_data'),
  );
  const model = await openModel(BUNDLE, { threads: 1, prepack: false });

  const mapped = mappedBytes(join(BUNDLE, 'onnx/model_quantized.onnx_data'));

  expect(mapped).toBeGreaterThan(0.95 * sizeBytes);
  await model.dispose();
  expect(mappedBytes(join(BUNDLE, 'onnx/model_quantized.onnx_data'))).toBe(0);
});
