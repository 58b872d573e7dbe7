import { availableParallelism } from 'node:os';
import { needsExactProducts, sessionOptions } from '../../../lib/adapters/onnx/session-options';

const EPYC_FLAGS = 'processor\t: 0\nflags\t\t: fpu sse4_2 avx2 avx512f avx512_vnni avx512_bf16\nbugs\t\t: x\n';
const ALDER_LAKE_FLAGS = 'flags\t\t: fpu avx2 avx_vnni gfni\n';
const HASWELL_FLAGS = 'flags\t\t: fpu avx avx2 fma\nvmx flags\t: vnmi\n';

test.each([
  ['x64 with AVX-512 VNNI', 'x64', EPYC_FLAGS, false],
  ['x64 with AVX VNNI', 'x64', ALDER_LAKE_FLAGS, false],
  ['x64 with AVX2 alone', 'x64', HASWELL_FLAGS, true],
  ['x64 that cannot be asked', 'x64', '', true],
  ['x64 whose model name mentions VNNI', 'x64', `model name: avx512_vnni\n${HASWELL_FLAGS}`, true],
  ['arm64', 'arm64', '', false],
])('%s: products that cannot saturate are asked for: %#', (_, arch, cpuInfo, expected) => {
  expect(needsExactProducts(arch, cpuInfo)).toBe(expected);
});

test('a session uses every CPU of the process, one operator at a time, and spins only while it runs', () => {
  const options = sessionOptions({ exactProducts: false });

  expect(options).toMatchObject({
    executionMode: 'sequential',
    intraOpNumThreads: availableParallelism(),
    graphOptimizationLevel: 'all',
    extra: { session: { intra_op: { allow_spinning: '1' }, force_spinning_stop: '1' } },
  });
  expect(options.extra?.session).not.toHaveProperty('x64quantprecision');
  expect(options.extra?.session).not.toHaveProperty('disable_prepacking');
});

test('more threads than CPUs do not spin', () => {
  const options = sessionOptions({ threads: availableParallelism() + 1 });

  expect(options.extra).toMatchObject({ session: { intra_op: { allow_spinning: '0' } } });
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
