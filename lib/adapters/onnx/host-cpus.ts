import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { SulcusError } from '../../core/errors';

const readText = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

/** The text of /proc/cpuinfo, undefined where there is none. */
export const readCpuInfo = (root = '/'): string | undefined => readText(join(root, 'proc/cpuinfo'));

/** `/a/b` -> `/a/b`, `/a`, `/`: a group is held to its ancestors' quotas too. */
const withAncestors = (group: string): string[] => {
  const names = group.split('/').filter((name) => name !== '');
  return names.map((_, index) => `/${names.slice(0, names.length - index).join('/')}`).concat('/');
};

/** Microseconds of CPU per microseconds of time; "max" and -1 mean no limit. */
const quotient = (quota: string | undefined, period: string | undefined): number => {
  const cpus = Number(quota) / Number(period);
  return cpus > 0 && Number.isFinite(cpus) ? cpus : Number.POSITIVE_INFINITY;
};

/**
 * The CPU quota of this process's control group, in CPUs, Infinity without one. Containers get their limit this way
 * (`docker --cpus 1.5`, Kubernetes limits), and Node 20's availableParallelism sees the affinity only. Version 2 keeps it
 * in cpu.max, version 1 in two files; the paths of /proc/self/cgroup may be the host's, where the container sees only its
 * own group as the root, hence the ancestors. A ViT-S given half of a CPU takes 70 ms a scan with one thread, 151 ms with
 * one spinning on each of the two CPUs it sees.
 */
export const cgroupCpus = (root = '/'): number => {
  const mount = join(root, 'sys/fs/cgroup');
  const quotas = (readText(join(root, 'proc/self/cgroup')) ?? '').split('\n').flatMap((line) => {
    const [, id, controllers, group] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (group === undefined) return [];
    if (id === '0' && controllers === '') {
      return withAncestors(group).map((path) => {
        const [quota, period] = (readText(join(mount, path, 'cpu.max')) ?? '').split(/\s+/);
        return quotient(quota, period);
      });
    }
    if (!controllers?.split(',').includes('cpu')) return [];
    return withAncestors(group).map((path) =>
      quotient(
        readText(join(mount, 'cpu', path, 'cpu.cfs_quota_us')),
        readText(join(mount, 'cpu', path, 'cpu.cfs_period_us')),
      ),
    );
  });
  return Math.min(Number.POSITIVE_INFINITY, ...quotas);
};

/** CPUs' worth of time that this process can get, perhaps a fraction: affinity, or the control group's quota if less. */
export const hostCpus = (root = '/'): number => Math.min(availableParallelism(), cgroupCpus(root));

/**
 * ONNX Runtime 1.30 ends the process with a segmentation fault where /proc/cpuinfo is there but lists no processor and
 * /sys does not list them either (each alone is survived, and so is no /proc/cpuinfo at all): asked before it is loaded.
 * @throws MODEL_UNAVAILABLE naming the two files
 */
export const requireCpuLists = (platform: string = process.platform, root = '/'): void => {
  if (platform !== 'linux') return;
  const cpuInfo = readCpuInfo(root);
  if (cpuInfo === undefined || /^processor\s*:/m.test(cpuInfo)) return;
  if (readText(join(root, 'sys/devices/system/cpu/present')) !== undefined) return;
  throw new SulcusError(
    'MODEL_UNAVAILABLE',
    'expected the processors of this machine in /proc/cpuinfo or /sys/devices/system/cpu/present, received neither ' +
      '(ONNX Runtime would crash)',
  );
};
