import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { SulcusError } from '../core/errors';
import type { ScanCost } from '../core/scan-cost';

/** Committed figures, used unless others are given: a CPU without VNNI, where int8 takes twice as long. */
export const DEFAULT_MEASURED = join(__dirname, '../../bench/measured/epyc-zen3-without-vnni.json');

const stats = z.object({ p50: z.number().positive() });

/** What `npm run bench -- --json <file>` writes, as far as it is read here. */
const benchSchema = z.object({
  machine: z.object({ cpu: z.string(), instructions: z.array(z.string()) }),
  rows: z.array(
    z.object({
      model: z.string(),
      threads: z.number(),
      contender: z.string(),
      image: stats.optional(),
      cold: stats.optional(),
    }),
  ),
});

export interface MeasuredScan {
  readonly model: string;
  readonly computeMs: number;
  readonly coldMs: number;
}

export interface Measured {
  readonly machine: string;
  /** Models in the file, by the way scans come: uploads run with weights rearranged at opening, API calls do not. */
  readonly scans: Readonly<Record<ScanCost['path'], readonly MeasuredScan[]>>;
}

const CONTENDER = { api: 'sulcus-cold', upload: 'sulcus' } as const;

/**
 * Times of a scan with one thread from a bench's file: image file in, scores out.
 * @throws INVALID_REQUEST when it is none, or holds no measurement of ours with one thread
 */
export const readMeasured = async (file: string): Promise<Measured> => {
  const bench = benchSchema.safeParse(await readJson(file));
  if (!bench.success) throw unusable(bench.error);
  const { machine, rows } = bench.data;
  const scansOf = (path: ScanCost['path']): MeasuredScan[] =>
    rows.flatMap(({ model, threads, contender, image, cold }) =>
      threads === 1 && contender === CONTENDER[path] && image !== undefined && cold !== undefined
        ? [{ model, computeMs: image.p50, coldMs: cold.p50 }]
        : [],
    );
  const scans = { api: scansOf('api'), upload: scansOf('upload') };
  if (scans.api.length === 0 || scans.upload.length === 0) throw unusable(undefined);
  const vnni = machine.instructions.some((name) => /vnni|i8mm|asimddp/.test(name));
  return { machine: `${machine.cpu}, ${vnni ? 'with' : 'without'} 8-bit dot products`, scans };
};

const readJson = async (file: string): Promise<unknown> => {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw unusable(cause);
  }
};

const unusable = (cause: unknown): SulcusError =>
  new SulcusError(
    'INVALID_REQUEST',
    'expected a file of "npm run bench -- --json <file>" with one thread for --measured, received another',
    { cause },
  );
