import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { spreadThreads } from './spread-threads';

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly ms: readonly number[];
  readonly logits: readonly number[];
}

export type Operation = 'session' | 'image' | 'logits';

export interface Worker {
  /** From spawning the process to the scores of its first image. */
  readonly coldMs: number;
  readonly versions: Readonly<Record<string, string>>;
  /** `times` runs of one operation on one file, each timed inside the worker. */
  ask(op: Operation, path: string, times?: number): Promise<Answer>;
  /** Where there is taskset, gives each of its busiest threads a CPU of its own, after some untimed runs on `path`. */
  spread(path: string): Promise<void>;
  /** Most memory the process ever had resident, in MB of 10^6 bytes; undefined where the system does not say. */
  peakMegabytes(): number | undefined;
  close(): Promise<void>;
}

/** VmHWM, not getrusage: that counts what the parent had when it forked. */
export const peakMegabytesOf = (pid: number | undefined): number | undefined => {
  try {
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kibibytes === undefined ? undefined : (Number(kibibytes) * 1024) / 1e6;
  } catch {
    return undefined;
  }
};

/** The CPUs this process may run on, last first: the first one of a machine serves most interrupts. */
const allowedCpus = (): number[] => {
  const list = /^Cpus_allowed_list:\s+(.+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  const ranges = list.split(',').map((range) => range.split('-').map(Number));
  return ranges
    .flatMap(([from = 0, to = from]) => Array.from({ length: to - from + 1 }, (_, index) => from + index))
    .reverse();
};

/** As many CPUs as threads, by taskset where there is one: a scheduler that moves threads about is no property of theirs. */
export const canPin = process.platform === 'linux' && spawnSync('taskset', ['-V']).status === 0;

/** Enough for a pool's threads to stand out among those of a runtime. */
const RUNS_BEFORE_PINNING = 20;

const pinned = ({ command, args, env }: Launch, threads: number): Launch => {
  if (!canPin) return { command, args, env };
  const cpus = allowedCpus().slice(0, threads).join(',');
  return { command: 'taskset', args: ['-c', cpus, command, ...args], env };
};

/** Nothing else of this shell's: NODE_EXTRA_CA_CERTS alone makes Node 20 start 38 ms later, and no Lambda has it. */
const PASSED_ON = ['PATH', 'HOME', 'LANG', 'LD_LIBRARY_PATH', 'TMPDIR', 'SystemRoot'];
const environment = (extra: Launch['env']): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(
    PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  ),
  ORT_DISABLE_TELEMETRY: '1',
  ...extra,
});

/**
 * Starts a worker and waits for its first scores. What it prints on stderr is shown only when it fails.
 * @throws when the process ends before it answers
 */
export const openWorker = async (launch: Launch, threads: number): Promise<Worker> => {
  const { command, args, env } = pinned(launch, threads);
  const start = performance.now();
  const child = spawn(command, args, { env: environment(env) });
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaints += chunk;
  });
  const exited = new Promise<number | null>((done, fail) => {
    child.once('error', fail);
    child.once('close', done);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextMessage = async <T>(): Promise<T> => {
    const line = await lines.next();
    if (!line.done) return JSON.parse(line.value) as T;
    throw new Error(`expected an answer from ${args.join(' ')}, received exit code ${await exited}\n${complaints}`);
  };
  const { versions } = await nextMessage<{ versions: Record<string, string> }>();
  const coldMs = performance.now() - start;
  const ask: Worker['ask'] = (op, path, times = 1) => {
    child.stdin.write(`${JSON.stringify({ op, path, times })}\n`);
    return nextMessage<Answer>();
  };
  return {
    coldMs,
    versions,
    ask,
    spread: async (path) => {
      if (!canPin || threads < 2 || child.pid === undefined) return;
      await spreadThreads(child.pid, allowedCpus().slice(0, threads), () => ask('session', path, RUNS_BEFORE_PINNING));
    },
    peakMegabytes: () => peakMegabytesOf(child.pid),
    close: async () => {
      child.stdin.end();
      await exited;
    },
  };
};
