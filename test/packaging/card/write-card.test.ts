import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { modelFactsExample } from '../../../lib/adapters/http/examples';
import { writeCard } from '../../../lib/packaging/card/write-card';
import { calibrationOf } from '../../support/calibrations';
import { unknownFigures } from '../../support/card-figures';
import { type Checkout, createCheckout, writeModel } from '../checkout';

const { evaluations, ...facts } = modelFactsExample.card as NonNullable<typeof modelFactsExample.card>;
const { run, title, role, protocol, trainedOn, evaluatedOn, method, reportedBy, ...set } =
  evaluations[0] as (typeof evaluations)[number];
const folds = { schemaVersion: 1, id: run, title, role, protocol, trainedOn, evaluatedOn, method, set };
const record = { ...folds, seconds: 100, machine: null, split: { train: ['a', 'b'] } };

const TEMPLATE = '---\n{{frontMatter}}\n---\n# {{name}}\n{{newPeople}}\n{{knownPeople}}\n{{training}}\n{{limits}}\n';

let checkout: Checkout;

beforeEach(() => {
  checkout = createCheckout();
  writeModel(checkout);
  checkout.write('training/card/facts.json', JSON.stringify({ ...facts, weightsSha256: '0'.repeat(64) }));
  checkout.write('training/card/template.md', TEMPLATE);
  checkout.write('training/runs/folds.json', JSON.stringify(record));
});

afterEach(() => checkout.remove());

const read = (file: string): string => readFileSync(join(checkout.root, 'layers/model', file), 'utf8');

test('figures go from the record of a run into the table of its protocol', async () => {
  await writeCard(checkout.root);

  const row = '| Five folds | 4,896 | 170 | 0.625 (0.431 to 0.804) | – | – | – |';
  const [, ofNewPeople, ofKnownPeople] = read('README.md').split(/\| {2}\| slices \| people \| .*\n/);
  expect(ofNewPeople).toContain(row);
  expect(ofKnownPeople).not.toContain('Five folds');
});

test('both protocols of a model stand in one row, with what was not run left out', async () => {
  checkout.write('training/card/template.md', `${TEMPLATE}{{bothProtocols}}\n`);
  const known = { ...record, id: 'random', protocol: 'card', set: { ...set, n: 489 } };
  const other = { ...record, id: 'other', title: 'Other', protocol: 'card', set: { ...set, n: 300 } };
  checkout.write('training/runs/random.json', JSON.stringify(known));
  checkout.write('training/runs/other.json', JSON.stringify(other));

  await writeCard(checkout.root);

  const figure = '0.625 (0.431 to 0.804)';
  expect(read('README.md')).toContain(`| Five folds | 489 | ${figure} | – | 4,896 | ${figure} | – | – |`);
  expect(read('README.md')).toContain(`| Other | 300 | ${figure} | – | – | – | – | – |`);
});

test('the manifest gets the facts and keeps its digest', async () => {
  const before = JSON.parse(read('manifest.json'));

  await writeCard(checkout.root);

  const { card, ...manifest } = JSON.parse(read('manifest.json'));
  expect(card).toEqual(modelFactsExample.card);
  expect(manifest.digest).toBe(before.digest);
  expect(manifest.files).toEqual(before.files);
});

test('making a card again changes nothing', async () => {
  await writeCard(checkout.root);
  const first = [read('README.md'), read('manifest.json')];

  await writeCard(checkout.root);

  expect([read('README.md'), read('manifest.json')]).toEqual(first);
});

test('what was compared with comes first, then what is shipped, then what stands for it, then baselines', async () => {
  for (const other of ['baseline', 'shipped', 'held-out-twin', 'seed']) {
    checkout.write(`training/runs/${other}.json`, JSON.stringify({ ...record, id: other, role: other, title: other }));
  }

  await writeCard(checkout.root);

  const rows = [...read('README.md').matchAll(/^\| ([\w -]+) \| 4,896/gm)].map(([, name]) => name);
  expect(rows).toEqual(['seed', 'shipped', 'Five folds', 'held-out-twin', 'baseline']);
});

test('a run that held nobody out shows its training, and no figure', async () => {
  const epochs = [{ epoch: 1, step: 312, trainingLoss: 0.61234, validationLoss: 0.41, accuracy: 0.84 }];
  const machine = { cpu: 'a CPU', cpus: 2, accelerator: null };
  const final = {
    ...record,
    id: 'final',
    title: 'Final',
    role: 'shipped',
    protocol: 'none',
    set: null,
    epochs,
    machine,
  };
  checkout.write('training/runs/final.json', JSON.stringify(final));

  await writeCard(checkout.root);

  expect(read('README.md')).toContain('| 1 | 312 | 0.6123 | 0.41 | 0.84 |');
  expect(read('README.md')).toContain('; 100 s; 2 cores, a CPU.');
  expect(JSON.parse(read('manifest.json')).card.evaluations).toHaveLength(1);
});

test('what a calibrated bundle serves is told from its calibration, figure for figure, and nothing of one that is not', async () => {
  const template = 'Before.{{served}}\n\nAfter.\n';
  checkout.write('training/card/template.md', template);
  await writeCard(checkout.root);
  const plain = read('README.md');
  const { perLabel, ...fit } = { ...calibrationOf().fit, perLabel: { cedar: 1234, birch: 567 } };
  const calibration = calibrationOf({
    temperature: 2.3456,
    threshold: { score: 0.471, margin: 0.02, rule: 'answers 0.83 of the scans' },
    fit: { ...fit, perLabel, scans: 1801, subjects: 61, ece: 0.0412, eceInterval: [0.031, 0.092], loss: 0.8764 },
    gate: { scans: 1801, featureLimit: 1.5, pixelLimit: 1.5, falseRejects: 0.0117 },
  });
  checkout.write('layers/model/manifest.json', JSON.stringify({ ...JSON.parse(read('manifest.json')), calibration }));

  await writeCard(checkout.root);

  const card = read('README.md');
  expect(plain).toBe('Before.\n\nAfter.\n');
  expect(card).toContain('divided by 2.346 and');
  expect(card).toContain('1,801 slices of 61 people (cedar 1,234, birch 567)');
  expect(card).toContain('| as served | 0.876 | 0.041 (0.031 to 0.092) | 1 | 0.5 |');
  expect(card).toContain('did so for 0.0117 of left-out ones');
  expect(unknownFigures(card, [calibration])).toEqual([]);
  expect(unknownFigures(card.replace('0.0117', '0.0118'), [calibration])).toEqual(['0.0118']);
});

test.each([
  ['the temperature alone', {}, 'divided by 2 and only', 0.9],
  ['a bias', { bias: [0.1, -0.1] }, 'divided by 2, get a bias per label and only', 0.8],
])('the loss as served is that of %s', async (_, scaling, words, loss) => {
  checkout.write('training/card/template.md', '{{served}}');
  const fit = { ...calibrationOf().fit, loss: 0.9, lossWithBias: 0.8 };
  const calibration = calibrationOf({ ...scaling, fit });
  checkout.write('layers/model/manifest.json', JSON.stringify({ ...JSON.parse(read('manifest.json')), calibration }));

  await writeCard(checkout.root);

  expect(read('README.md')).toContain(words);
  expect(read('README.md')).toContain(`| as served | ${loss} |`);
});

test('other weights than the words are about get no card', async () => {
  checkout.write('training/card/facts.json', JSON.stringify({ ...facts, weightsSha256: '1'.repeat(64) }));

  await expect(writeCard(checkout.root)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  expect(JSON.parse(read('manifest.json')).card).toBeNull();
});

test.each([
  ['a placeholder that there is not', 'training/card/template.md', '{{accuracy}}', 'for a placeholder of the card'],
  ['a run under another name', 'training/runs/other.json', JSON.stringify(record), 'expected folds.json'],
  ['a figure that is no number', 'training/runs/folds.json', '{"id":"folds"}', 'expected a folds.json of its schema'],
  ['no JSON', 'training/card/facts.json', '{', 'expected a facts.json of its schema'],
])('%s makes no card', async (_, path, text, message) => {
  checkout.write(path, text);
  const before = read('manifest.json');

  await expect(writeCard(checkout.root)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(message),
  });
  expect(read('manifest.json')).toBe(before);
});
