import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { InferenceSession } from 'onnxruntime-node';

export interface SessionSettings {
  /** Threads of one forward pass, the calling one included. Default: the CPUs this process may run on. */
  readonly threads?: number;
  /**
   * Rearrange weights at opening (default), or read them as they are: that opens sooner and makes every run some 6 %
   * slower (ViT-S, one thread: 36.3 against 34.3 ms), which pays for a process that serves a few scans only.
   */
  readonly prepack?: boolean;
  /** Products that cannot saturate, at half the speed where the CPU needs them not. Default: where it does need them. */
  readonly exactProducts?: boolean;
}

/**
 * On x64 without VNNI the fast product of u8 and s8 adds pairs in 16 bits, which saturate: under emulation of such a CPU
 * the logits of four slices moved 0.37 on average, 0.037 with exact products. ONNX Runtime's answer is
 * `session.x64quantprecision`, which halves the speed of CPUs with VNNI, so it is set where the CPU lacks it and, slow but
 * right, where the CPU cannot be asked (Windows, a sandbox).
 * @param cpuInfo the text of /proc/cpuinfo, empty where there is none
 */
export const needsExactProducts = (arch: string, cpuInfo: string): boolean =>
  arch === 'x64' && !/^flags\s*:.*\b(?:avx512_vnni|avx_vnni)\b/m.test(cpuInfo);

const readCpuInfo = (): string => {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
};

/** ONNX Runtime's options for one session of this machine. */
export const sessionOptions = (settings: SessionSettings = {}): InferenceSession.SessionOptions => {
  const cpus = availableParallelism();
  const { threads = cpus, prepack = true } = settings;
  const exactProducts = settings.exactProducts ?? needsExactProducts(process.arch, readCpuInfo());
  return {
    executionProviders: ['cpu'],
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    // 3 is "error": a warning on stderr would be one more line per cold start.
    logSeverityLevel: 3,
    extra: {
      session: {
        ...(prepack ? {} : { disable_prepacking: '1' }),
        ...(exactProducts ? { x64quantprecision: '1' } : {}),
        // Waiting threads that spin start the next product sooner (two threads on two idle CPUs: 20 ms against 28 for a
        // ViT-S); with more threads than CPUs, or after the run, they steal the time of those that work.
        intra_op: { allow_spinning: threads <= cpus ? '1' : '0' },
        force_spinning_stop: '1',
      },
    },
  };
};
