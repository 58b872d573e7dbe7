import { hostCpus } from '../../../lib/adapters/onnx/host-cpus';
import { needsExactProducts, type SessionSettings, sessionOptions } from '../../../lib/adapters/onnx/session-options';

const EPYC_FLAGS = 'processor\t: 0\nflags\t\t: fpu sse4_2 avx2 avx512f avx512_vnni avx512_bf16\nbugs\t\t: x\n';
const ALDER_LAKE_FLAGS = 'flags\t\t: fpu avx2 avx_vnni gfni\n';
const HASWELL_FLAGS = 'flags\t\t: fpu avx avx2 fma\nvmx flags\t: vnmi\n';

test.each([
  ['x64 with AVX-512 VNNI', 'x64', EPYC_FLAGS, false],
  ['x64 with AVX VNNI', 'x64', ALDER_LAKE_FLAGS, false],
  ['x64 with AVX2 alone', 'x64', HASWELL_FLAGS, true],
  ['x64 with AVX-512BW and AVX VNNI alone', 'x64', 'flags\t\t: avx2 avx512f avx512bw avx_vnni\n', true],
  ['x64 whose CPU list is empty', 'x64', '', true],
  ['x64 that cannot be asked', 'x64', undefined, true],
  ['x64 whose model name mentions VNNI', 'x64', `model name: avx512_vnni\n${HASWELL_FLAGS}`, true],
  ['arm64', 'arm64', '', false],
  ['arm64 that cannot be asked', 'arm64', undefined, false],
])('%s: products that cannot saturate are asked for: %#', (_, arch, cpuInfo, expected) => {
  expect(needsExactProducts(arch, cpuInfo)).toBe(expected);
});

test('a session uses every CPU of the process, one operator at a time, and spins only while it runs', () => {
  const options = sessionOptions({ exactProducts: false });

  expect(options).toMatchObject({
    executionMode: 'sequential',
    intraOpNumThreads: Math.max(1, Math.floor(hostCpus())),
    graphOptimizationLevel: 'all',
    extra: { session: { intra_op: { allow_spinning: hostCpus() < 1 ? '0' : '1' }, force_spinning_stop: '1' } },
  });
  expect(options.extra?.session).not.toHaveProperty('x64quantprecision');
  expect(options.extra?.session).not.toHaveProperty('disable_prepacking');
});

const spinning = (settings: SessionSettings): unknown => {
  const { session } = sessionOptions(settings).extra as { session: { intra_op: { allow_spinning: string } } };
  return session.intra_op.allow_spinning;
};

test('more threads than CPUs do not spin', () => {
  expect(spinning({ threads: Math.ceil(hostCpus()) + 1 })).toBe('0');
});

test.each([
  [0.07, 1, '0'],
  [1, 1, '1'],
  [1.7, 1, '1'],
])('a process that gets %d CPUs runs %d thread, spinning %s', (cpus, threads, spin) => {
  const options = sessionOptions({ cpus });

  expect([options.intraOpNumThreads, spinning({ cpus })]).toEqual([threads, spin]);
  expect(spinning({ cpus, threads: 2 })).toBe('0');
});

test.each([
  [undefined, undefined, false],
  [1, undefined, true],
  [9, undefined, true],
  [10, undefined, false],
  [1, true, false],
  [1000, false, true],
])('%p expected scans, prepack %p: weights are read as they are: %p', (expectedScans, prepack, asTheyAre) => {
  const { session } = sessionOptions({ expectedScans, prepack }).extra as { session: object };

  expect('disable_prepacking' in session).toBe(asTheyAre);
});

test('threads, prepacking and exact products are taken as given', () => {
  const options = sessionOptions({ threads: 3, prepack: false, exactProducts: true });

  expect(options).toMatchObject({
    intraOpNumThreads: 3,
    extra: { session: { disable_prepacking: '1', x64quantprecision: '1' } },
  });
});

test('on this machine the CPU decides', () => {
  const { session } = sessionOptions().extra as { session: Record<string, unknown> };

  if (process.arch === 'arm64') expect(session).not.toHaveProperty('x64quantprecision');
  else expect([undefined, '1']).toContain(session.x64quantprecision);
});
