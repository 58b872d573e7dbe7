import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { makeCard } from '../../../lib/packaging/card/write-card';
import { unknownFigures } from '../../support/card-figures';

const root = resolve(__dirname, '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const card = read('layers/model/README.md');
const { card: facts, ...manifest } = JSON.parse(read('layers/model/manifest.json'));
const runs = readdirSync(join(root, 'training/runs')).map((file) => JSON.parse(read(`training/runs/${file}`)));

/** What follows says what the model was made from, and quotes licences: no figure of the model. */
const withFigures = card.slice(0, card.indexOf('## What it was made from'));

test('the card and the facts that are served are what `npm run card` makes of the runs', async () => {
  const made = await makeCard(root);

  expect(made.markdown).toBe(card);
  expect(made.manifest.card).toEqual(facts);
});

test('every figure in the card is in the record of a run, or a fact of the manifest', () => {
  const { imageSize, architecture, calibration } = manifest;

  expect(unknownFigures(withFigures, [...runs, imageSize, architecture, calibration])).toEqual([]);
});

test('every figure that is served is in the record of a run', () => {
  expect(unknownFigures(JSON.stringify(facts.evaluations), runs)).toEqual([]);
});

test('the README quotes what the record says about people that the model has never seen', () => {
  const quoted = /right\s+on (\d+) to (\d+) % of the slices of people it has never seen/.exec(read('README.md'));

  const percents = ['dinov2-small-folds-int8', 'shipped-subject-disjoint'].map((id) => {
    const run = runs.find((each) => each.id === id);
    return String(Math.round(100 * run.set.figures.accuracy.value));
  });
  expect(quoted?.slice(1)).toEqual(percents);
});

test('a figure that no run has is found, in words, in a table or in the front matter', () => {
  const sources = [...runs, manifest.imageSize, manifest.architecture, manifest.calibration];
  const changed = withFigures
    .replace('Nobody is on both sides.', 'Right on 98.9 % of the slices of 171 people.')
    .replace('| 0.586 |', '| 0.687 |')
    .replace('value: 0.943', 'value: 0.9431')
    .replace('| 960 |', '| 961 |');

  expect(unknownFigures(changed, sources).sort()).toEqual(['0.687', '0.9431', '171', '961', '98.9%']);
});

test('the front matter is what the Hub reads: metadata, and figures of the model alone', () => {
  const metadata = parse(card.split('---\n')[1] as string);

  expect(metadata).toMatchObject({
    license: 'other',
    library_name: 'onnx',
    pipeline_tag: 'image-classification',
    base_model: 'facebook/dinov2-small',
    tags: expect.arrayContaining(['research-use-only', 'int8']),
  });
  const [{ name, results }] = metadata['model-index'];
  expect(name).toBe(manifest.name);
  const values = results.flatMap(({ metrics }: { metrics: { value: unknown }[] }) => metrics.map(({ value }) => value));
  expect(values.every((value: unknown) => typeof value === 'number')).toBe(true);
  expect(values).toContain(0.586);
  expect(values).not.toContain(0.9261);
});

test('nobody on both sides of a figure is named, nor any file of the data', () => {
  expect(card).not.toMatch(/\b(?:mild|moderate|non|verymild)[-_]\d+/i);
  expect(card).not.toContain('.jpg');
});
