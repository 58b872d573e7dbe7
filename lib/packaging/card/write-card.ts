import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { SulcusError } from '../../core/errors';
import { cardFactsSchema, type ModelCard } from '../../core/model-card';
import { MANIFEST_FILE, type ModelManifest, modelManifestSchema } from '../../core/model-manifest';
import { renderCard } from './render-card';
import { type RunRecord, runRecordSchema, toEvaluations } from './run-record';

export const CARD_FILE = 'README.md';

/** What people wrote, and the weights (`source.weightsSha256` of a manifest) that it is true of. */
const wordsSchema = cardFactsSchema.extend({ weightsSha256: z.string() });

/** The two files of a bundle that a card is in. */
export interface Card {
  readonly markdown: string;
  /** The manifest with the card's facts; the digest is that of the files, so it stays. */
  readonly manifest: ModelManifest;
}

/**
 * The card of the bundle in layers/model from the runs in training/runs and the words in training/card.
 * @throws CONFIG_INVALID for a file that is missing or does not match its schema, a run under another name, and a bundle
 * of other weights than the words are about
 */
export const makeCard = async (root: string): Promise<Card> => {
  const words = join(root, 'training', 'card');
  const { weightsSha256, ...facts } = await readJson(join(words, 'facts.json'), wordsSchema);
  const runs = await readRuns(join(root, 'training', 'runs'));
  const bundle = await readJson(join(root, 'layers', 'model', MANIFEST_FILE), modelManifestSchema);
  requireSameWeights(weightsSha256, bundle.source.weightsSha256);
  const card: ModelCard = { ...facts, evaluations: toEvaluations(runs) };
  const manifest = { ...bundle, card };
  const template = await readText(join(words, 'template.md'));
  return { markdown: renderCard({ template, manifest, card, runs }), manifest };
};

/** Writes what `makeCard` makes. @returns the paths that were written */
export const writeCard = async (root: string): Promise<string[]> => {
  const { markdown, manifest } = await makeCard(root);
  const bundle = join(root, 'layers', 'model');
  const files = { [CARD_FILE]: markdown, [MANIFEST_FILE]: `${JSON.stringify(manifest, null, 2)}\n` };
  for (const [file, text] of Object.entries(files)) await writeFile(join(bundle, file), text);
  return Object.keys(files).map((file) => join('layers', 'model', file));
};

const requireSameWeights = (described: string, compiled: string): void => {
  if (described === compiled) return;
  throw new SulcusError(
    'CONFIG_INVALID',
    `expected words and runs about the weights ${compiled} of the bundle, received some about ${described}: change ` +
      'training/card and training/runs first',
  );
};

const readRuns = async (folder: string): Promise<RunRecord[]> => {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort();
  const runs = await Promise.all(files.map((file) => readJson(join(folder, file), runRecordSchema)));
  runs.forEach(({ id }, index) => {
    if (files[index] === `${id}.json`) return;
    throw new SulcusError('CONFIG_INVALID', `expected ${id}.json for the record of ${id}, received ${files[index]}`);
  });
  return runs;
};

const readText = (path: string): Promise<string> =>
  readFile(path, 'utf8').catch((cause: unknown) => {
    throw new SulcusError('CONFIG_INVALID', `expected a readable ${basename(path)} for the card, received none`, {
      cause,
    });
  });

const readJson = async <T>(path: string, schema: z.ZodType<T>): Promise<T> => {
  const text = await readText(path);
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new SulcusError('CONFIG_INVALID', `expected a ${basename(path)} of its schema, received ${String(cause)}`, {
      cause,
    });
  }
};
