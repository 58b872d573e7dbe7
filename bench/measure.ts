import { setTimeout as delay } from 'node:timers/promises';
import type { Contender, ContenderId } from './contenders';
import type { Stats } from './report';
import { statsOf } from './report';
import type { TestImages } from './test-images';
import { openWorker, type Worker } from './worker-process';

export type Runnable = Extract<Contender, { readonly launch: unknown }>;

/** One untimed run, then timed ones: a contender's turn begins with caches full of another's weights. */
const TIMED_A_TURN = 2;
/** Whoever comes right after another meets its threads still spinning. */
const PAUSE_MS = 20;

export interface Warm {
  readonly session: Stats;
  readonly image: Stats;
  readonly peakMegabytes: number | undefined;
  readonly versions: Readonly<Record<string, string>>;
}

export interface Cold {
  readonly cold: Stats;
  readonly coldPeakMegabytes: number | undefined;
}

export interface LogitErrors {
  /** The same pixels for all: what quantization costs. */
  readonly sessionError: number;
  /** Each with its own decoding and resizing, against fp32 on the exact ones. */
  readonly imageError: number;
}

/** There and back: nobody always comes after the same. */
const inTurn = <T>(items: readonly T[], round: number): T[] => (round % 2 === 0 ? [...items] : [...items].reverse());

const closeAll = async (workers: ReadonlyMap<ContenderId, Worker>): Promise<void> => {
  await Promise.all([...workers.values()].map((worker) => worker.close()));
};

/** All contenders at once, each in its own process, one of them running at a time, round by round. */
export const measureWarm = async (
  contenders: readonly Runnable[],
  threads: number,
  { timed }: TestImages,
  rounds: number,
): Promise<Map<ContenderId, Warm>> => {
  const workers = new Map<ContenderId, Worker>();
  const samples = new Map(contenders.map(({ id }) => [id, { session: [] as number[], image: [] as number[] }]));
  try {
    for (const { id, launch } of contenders) workers.set(id, await openWorker(launch, threads));
    for (const worker of workers.values()) await worker.spread((timed[0] as TestImages['timed'][number]).pixels);
    for (let round = 0; round < rounds; round += 1) {
      const image = timed[round % timed.length] as TestImages['timed'][number];
      for (const [id, worker] of inTurn([...workers], round)) {
        await delay(PAUSE_MS);
        for (const op of ['session', 'image'] as const) {
          const { ms } = await worker.ask(op, op === 'session' ? image.pixels : image.file, 1 + TIMED_A_TURN);
          samples.get(id)?.[op].push(...ms.slice(1));
        }
      }
    }
    const results = new Map<ContenderId, Warm>();
    for (const [id, worker] of workers) {
      const { session = [], image = [] } = samples.get(id) ?? {};
      const peakMegabytes = worker.peakMegabytes();
      results.set(id, { session: statsOf(session), image: statsOf(image), peakMegabytes, versions: worker.versions });
    }
    return results;
  } finally {
    await closeAll(workers);
  }
};

/** A fresh process each time, with nothing else running. */
export const measureCold = async (
  contenders: readonly Runnable[],
  threads: number,
  starts: number,
): Promise<Map<ContenderId, Cold>> => {
  const samples = new Map(contenders.map(({ id }) => [id, { ms: [] as number[], peaks: [] as number[] }]));
  for (let round = 0; round < starts; round += 1) {
    for (const { id, launch } of inTurn(contenders, round)) {
      const worker = await openWorker(launch, threads);
      const peak = worker.peakMegabytes();
      await worker.close();
      samples.get(id)?.ms.push(worker.coldMs);
      if (peak !== undefined) samples.get(id)?.peaks.push(peak);
      await delay(PAUSE_MS);
    }
  }
  return new Map(
    [...samples].map(([id, { ms, peaks }]) => [
      id,
      { cold: statsOf(ms), coldPeakMegabytes: peaks.length === 0 ? undefined : statsOf(peaks).p50 },
    ]),
  );
};

const meanDifference = (rows: readonly (readonly number[])[], expected: readonly (readonly number[])[]): number => {
  const differences = rows.flatMap((row, index) =>
    row.map((value, label) => Math.abs(value - (expected[index]?.[label] ?? Number.NaN))),
  );
  return differences.reduce((a, b) => a + b, 0) / differences.length;
};

const collectLogits = async ({ launch }: Runnable, threads: number, { compared }: TestImages) => {
  const worker = await openWorker(launch, threads);
  try {
    const fromPixels: (readonly number[])[] = [];
    const fromFiles: (readonly number[])[] = [];
    for (const { file, pixels } of compared) {
      fromPixels.push((await worker.ask('session', pixels)).logits);
      fromFiles.push((await worker.ask('logits', file)).logits);
    }
    return { fromPixels, fromFiles };
  } finally {
    await worker.close();
  }
};

/** How far each contender's logits are from those of the fp32 export of the same weights, on average. */
export const measureErrors = async (
  contenders: readonly Runnable[],
  reference: Runnable,
  threads: number,
  images: TestImages,
): Promise<Map<ContenderId, LogitErrors>> => {
  const { fromPixels: expected } = await collectLogits(reference, threads, images);
  const errors = new Map<ContenderId, LogitErrors>();
  for (const contender of contenders) {
    const { fromPixels, fromFiles } = await collectLogits(contender, threads, images);
    errors.set(contender.id, {
      sessionError: meanDifference(fromPixels, expected),
      imageError: meanDifference(fromFiles, expected),
    });
  }
  return errors;
};
