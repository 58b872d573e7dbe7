import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { cgroupCpus, hostCpus, requireCpuLists } from '../../../lib/adapters/onnx/host-cpus';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sulcus-cpus-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Writes files of /proc and /sys below the stand-in for `/`. */
const write = (files: Readonly<Record<string, string>>): void => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
};

describe('the CPU quota of the control group', () => {
  test('is none where nothing limits the process, or nothing can be read', () => {
    const before = cgroupCpus(root);
    write({ 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': 'max 100000\n' });

    expect([before, cgroupCpus(root)]).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  });

  test('version 2, in a container: the root of its own tree', () => {
    write({ 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': '150000 100000\n' });

    expect(cgroupCpus(root)).toBe(1.5);
  });

  test('version 2, on a host: the least of the group and those around it', () => {
    write({
      'proc/self/cgroup': '0::/batch.slice/job.scope\n',
      'sys/fs/cgroup/batch.slice/cpu.max': '50000 100000\n',
      'sys/fs/cgroup/batch.slice/job.scope/cpu.max': '200000 100000\n',
    });

    expect(cgroupCpus(root)).toBe(0.5);
  });

  test('version 1, its path being the host’s or the container’s', () => {
    write({
      'proc/self/cgroup': '5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/\n',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '300000\n',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    });
    const container = cgroupCpus(root);
    write({
      'sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us': '25000\n',
      'sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us': '50000\n',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
    });

    expect([container, cgroupCpus(root)]).toEqual([3, 0.5]);
  });

  test('lowers what the process can get, and never raises it', () => {
    write({ 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': '50000 100000\n' });
    const limited = hostCpus(root);
    write({ 'sys/fs/cgroup/cpu.max': '999900000 100000\n' });

    expect([limited, hostCpus(root)]).toEqual([0.5, availableParallelism()]);
  });

  test('is positive whatever the files hold', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^(max|-?\d{1,6})( -?\d{1,6})?$/));
    fc.assert(
      fc.property(text, fc.stringMatching(/^([0-9]:(cpu|):\/?[a-z./]{0,6}\n){0,3}$/), (quota, groups) => {
        write({
          'proc/self/cgroup': groups,
          'sys/fs/cgroup/cpu.max': quota,
          'sys/fs/cgroup/cpu/cpu.cfs_quota_us': quota,
          'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000',
        });
        return cgroupCpus(root) > 0;
      }),
      { numRuns: 100 },
    );
  });
});

describe('lists of processors', () => {
  const CPU_INFO = 'processor\t: 0\nvendor_id\t: x\n';

  test.each([
    ['both', { 'proc/cpuinfo': CPU_INFO, 'sys/devices/system/cpu/present': '0-1\n' }],
    ['/proc/cpuinfo alone', { 'proc/cpuinfo': CPU_INFO }],
    ['/sys alone', { 'proc/cpuinfo': '', 'sys/devices/system/cpu/present': '0-1\n' }],
    ['neither, /proc/cpuinfo being absent: ONNX Runtime survives that', {}],
  ])('%s will do', (_, files) => {
    write(files as Record<string, string>);

    expect(() => requireCpuLists('linux', root)).not.toThrow();
  });

  test.each(['', 'model name\t: x\n'])('neither, /proc/cpuinfo being %j: the two files are named', (cpuInfo) => {
    write({ 'proc/cpuinfo': cpuInfo });

    expect(() => requireCpuLists('linux', root)).toThrow(
      expect.objectContaining({
        code: 'MODEL_UNAVAILABLE',
        message: expect.stringMatching(/\/proc\/cpuinfo or \/sys\/devices\/system\/cpu\/present/),
      }),
    );
    expect(() => requireCpuLists('darwin', root)).not.toThrow();
  });
});
