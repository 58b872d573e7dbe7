import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LAMBDA_MEGABYTES_PER_VCPU } from '../lib/topology';

/** Runs a container as Lambda would its image, with podman. */
export interface Container {
  /** Resolves with the exit code. */
  readonly exited: Promise<number | null>;
  /** What it printed so far. */
  output(): string;
  /** A field of /proc/<pid>/status, as it stands there. */
  status(name: string): string;
  /** Names in a folder as the container sees it; undefined when there is none. */
  list(folder: string): string[] | undefined;
  stop(): Promise<void>;
}

const podman = (...args: string[]): string => execFileSync('podman', args, { encoding: 'utf8' }).trim();

/** What Lambda sets beside the function's own variables; the runtime's client wants them all. */
const LAMBDA_VARIABLES = {
  AWS_LAMBDA_FUNCTION_NAME: 'sulcus',
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(LAMBDA_MEGABYTES_PER_VCPU),
  AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/sulcus',
  AWS_LAMBDA_LOG_STREAM_NAME: 'bench',
  AWS_LAMBDA_LOG_FORMAT: 'JSON',
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
} as const;

/**
 * The walls of Lambda: one vCPU and its memory, a file system that can be read only but for an empty /tmp, no CPU list
 * under /sys, no privileges to gain. Two limits that podman would raise and may not everywhere are set to what is allowed.
 */
const LAMBDA_LIMITS = [
  `--memory=${LAMBDA_MEGABYTES_PER_VCPU}m`,
  '--cpus=1',
  '--read-only',
  '--read-only-tmpfs=false',
  '--tmpfs=/tmp:rw,size=512m,mode=1777',
  '--security-opt=mask=/sys/devices/system/cpu',
  '--cap-drop=all',
  '--security-opt=no-new-privileges',
  '--ulimit=nofile=1024:1024',
  '--ulimit=nproc=1000:1000',
] as const;

export interface ContainerOptions {
  readonly image: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Instead of the image's own. */
  readonly entrypoint?: string;
  readonly command?: readonly string[];
}

export const startContainer = ({ image, environment, entrypoint, command = [] }: ContainerOptions): Container => {
  const name = `sulcus-${randomUUID()}`;
  const variables = Object.entries({ ...LAMBDA_VARIABLES, ...environment }).map(
    ([key, value]) => `--env=${key}=${value}`,
  );
  const args = [
    // crun, podman's default, refuses machines whose control groups are of both versions.
    ...['--runtime=runc', 'run', '--rm', '--pull=never', '--network=host', `--name=${name}`],
    ...LAMBDA_LIMITS,
    ...variables,
    ...(entrypoint === undefined ? [] : [`--entrypoint=${entrypoint}`]),
    image,
    ...command,
  ];
  const child: ChildProcess = spawn('podman', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const printed: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => printed.push(String(chunk)));
  const exited = new Promise<number | null>((done) => child.once('exit', done));
  let pid: string | undefined;
  const inside = (path: string): string => {
    pid ??= podman('inspect', '--format', '{{.State.Pid}}', name);
    return join('/proc', pid, path);
  };
  return {
    exited,
    output: () => printed.join(''),
    status: (field) =>
      new RegExp(`^${field}:\\s*(.+)$`, 'm').exec(readFileSync(inside('status'), 'utf8'))?.[1] ?? 'nothing',
    list: (folder) => {
      try {
        return readdirSync(inside(join('root', folder)));
      } catch {
        return undefined;
      }
    },
    stop: async () => {
      podman('rm', '--force', '--time', '0', '--ignore', name);
      await exited;
    },
  };
};

/** `66 MB`: podman rounds layers to three digits. */
const bytesOf = (text = ''): number => {
  const [, number, unit = 'B'] = /^([\d.]+) ?(\wB|B)$/.exec(text) ?? [];
  return Number(number) * ({ B: 1, kB: 1e3, MB: 1e6, GB: 1e9 }[unit] ?? Number.NaN);
};

/** Bytes of an image, unpacked, and of each of its layers with the instruction that made it, the first one first. */
export const describeImage = (image: string) => ({
  sizeBytes: Number(podman('image', 'inspect', '--format', '{{.Size}}', image)),
  user: podman('image', 'inspect', '--format', '{{.Config.User}}', image),
  layers: podman('history', '--no-trunc', '--format', '{{.Size}}\t{{.CreatedBy}}', image)
    .split('\n')
    .map((line) => line.split('\t'))
    .map(([size, instruction]) => ({ sizeBytes: bytesOf(size), instruction: instruction ?? '' }))
    .filter(({ sizeBytes }) => sizeBytes > 0)
    .reverse(),
});
