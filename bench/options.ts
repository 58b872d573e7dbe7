import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { MODEL_SIZES, type ModelSize } from './random-checkpoint';

export interface BenchOptions {
  readonly models: readonly ModelSize[];
  /** A real checkpoint, measured instead of the random ones. */
  readonly checkpoint: string | undefined;
  /** Real images, instead of the sample scan and generated ones. */
  readonly images: string | undefined;
  readonly threads: readonly number[];
  readonly rounds: number;
  readonly coldStarts: number;
  readonly python: string | undefined;
  readonly openvinoPython: string | undefined;
  /** Generated checkpoints, exports and bundles; kept from run to run. */
  readonly cache: string;
  readonly json: string | undefined;
  readonly stage: 'all' | 'prepare' | 'measure';
}

const list = (text: string): string[] => text.split(',').filter((entry) => entry !== '');

export const readOptions = (defaults: { readonly models: string }): BenchOptions => {
  const { values } = parseArgs({
    options: {
      models: { type: 'string', default: defaults.models },
      checkpoint: { type: 'string' },
      images: { type: 'string' },
      threads: { type: 'string', default: '1,2' },
      rounds: { type: 'string', default: '15' },
      cold: { type: 'string', default: '9' },
      python: { type: 'string' },
      'openvino-python': { type: 'string' },
      cache: { type: 'string', default: join(tmpdir(), 'sulcus-bench-models') },
      json: { type: 'string' },
      quick: { type: 'boolean', default: false },
      prepare: { type: 'boolean', default: false },
      prepared: { type: 'boolean', default: false },
    },
  });
  const models = values.quick ? (['s'] as const) : (list(values.models) as ModelSize[]);
  const unknown = models.find((model) => !MODEL_SIZES.includes(model));
  if (unknown !== undefined) throw new Error(`expected ${MODEL_SIZES.join(', ')} for --models, received ${unknown}`);
  return {
    models,
    checkpoint: values.checkpoint && resolve(values.checkpoint),
    images: values.images && resolve(values.images),
    threads: values.quick ? [1] : list(values.threads).map(Number),
    rounds: values.quick ? 5 : Number(values.rounds),
    coldStarts: values.quick ? 3 : Number(values.cold),
    python: values.python,
    openvinoPython: values['openvino-python'] ?? values.python,
    cache: resolve(values.cache),
    json: values.json && resolve(values.json),
    stage: values.prepare ? 'prepare' : values.prepared ? 'measure' : 'all',
  };
};
