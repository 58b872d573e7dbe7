/** Trains a classifier by `sulcus train-head` on generated pictures; prints their features as served, and the classifier. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { featuresCommand } from '../lib/cli/features-command';
import { trainHeadCommand } from '../lib/cli/train-head-command';
import { seededRandom } from '../lib/core/seeded-random';
import { recordOutput } from '../test/support/output-recorder';
import { readFloats } from '../test/support/read-onnx';
import { writePng } from '../test/support/slice-writer';
import { writeTinyBundle } from '../test/support/tiny-bundle';

const SCANS = 120;
const LABELS = ['disc', 'grid', 'ramp'];

const main = async (folder: string): Promise<void> => {
  const random = seededRandom(11);
  const files = Array.from({ length: SCANS }, (_, scan) => join(folder, `${scan}.png`));
  files.forEach((file, scan) => {
    const [radius, tilt] = [8 + 4 * random(), 4 + 4 * random()];
    const disc = (x: number, y: number) => (Math.hypot(x - 16, y - 16) < radius ? 160 : 60);
    const grid = (x: number, y: number) => ((x + y) % 8 < 3 ? 150 : 70);
    const paint = [disc, grid, (x: number) => tilt * x][scan % 3] as (x: number, y: number) => number;
    writePng(file, (x, y) => paint(x, y) + 120 * (random() - 0.5));
  });
  const rows = files.map((_, scan) => `${scan}.png,${LABELS[scan % 3]},person ${scan % 20}`);
  writeFileSync(join(folder, 'scans.csv'), `${['file,label,subject', ...rows].join('\n')}\n`);
  const [model, out] = [join(folder, 'model'), join(folder, 'out')];
  await writeTinyBundle(model, { head: 'none' });
  const [trained, extracted] = [recordOutput(), recordOutput()];
  await trainHeadCommand(folder, { model, out, modelVersion: '1', json: true, threads: 1 }, trained);
  await featuresCommand(files, { model: out, json: true, threads: 1 }, extracted);
  const { head, graph } = JSON.parse(trained.lines.join(''));
  const [proto, data] = [graph.file, `${graph.file}_data`].map((path) => readFileSync(join(out, path)));
  const read = (name: string) => readFloats(proto as Uint8Array, data as Uint8Array, name);
  console.log(
    JSON.stringify({
      features: extracted.lines.map((line) => JSON.parse(line).features),
      targets: files.map((_, scan) => scan % 3),
      inversePenalty: head.inversePenalty,
      weight: read('classifier.weight'),
      bias: read('classifier.bias'),
    }),
  );
};

const folder = mkdtempSync(join(tmpdir(), 'sulcus-served-head-'));
main(folder)
  .finally(() => rmSync(folder, { recursive: true }))
  .catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
