import type { InferenceSession } from 'onnxruntime-node';
import type { GraphTraits } from '../../core/compiler-ports';
import { hostCpus, readCpuInfo } from './host-cpus';

export interface SessionSettings extends GraphTraits {
  /**
   * Threads of one forward pass, the calling one included. Default: one for each whole CPU this process can get. (A quota
   * of 1.5 CPUs: two threads make a ViT-S faster on average, 30 ms against 36, and its slowest scans slower, 49 against 38.)
   */
  readonly threads?: number;
  /** CPUs that the process can get where neither affinity nor control group say so, as on Lambda; may be a fraction. */
  readonly cpus?: number;
  /** Scans that the session will serve, as far as that is known. Default: many. */
  readonly expectedScans?: number;
  /** Rearrange weights at opening, or read them as they are. Default: by `expectedScans` (see PREPACKING_PAYS_FROM). */
  readonly prepack?: boolean;
  /**
   * Products that cannot saturate whatever the weights, at half the speed where the CPU needs them not. Default: where both
   * the CPU and the weights need them.
   */
  readonly exactProducts?: boolean;
}

/**
 * Rearranging the weights at opening costs a process 20 to 70 ms once and saves 4 to 11 % of every scan: it pays after 12
 * to 17 scans with a ViT-S, 8 to 12 with a ViT-B; with a ViT-Ti both are some 10 ms and lost in the noise (`npm run
 * bench:prepack`, 1 and 2 threads, EPYC with VNNI). Logits differ in their last bits, as the float products of packed and
 * plain weights add in another order.
 */
export const PREPACKING_PAYS_FROM = 10;

/**
 * For weights that may saturate: bundles of compilers before version 3. On x64 without VNNI the fast product of u8 and s8
 * adds pairs in 16 bits, which saturate: under emulation of such a CPU the logits of four slices moved 0.37 on average,
 * 0.037 with exact products. ONNX Runtime's answer is `session.x64quantprecision`, which halves the speed of CPUs with
 * VNNI, so it is set where the CPU lacks it and, slow but right, where the CPU cannot be asked (Windows, a sandbox). AVX-VNNI counts only without AVX-512BW, whose kernel would
 * be taken instead and saturates too.
 *
 * arm64 needs none of it. By ONNX Runtime's source (core/mlas/lib/platform.cpp and the kernels it names) UDOT and UMMLA
 * add in 32 bits; without them the NEON kernel adds two products of s8 in 16 bits, at most 2 * 128 * 127, as the weights
 * here never are -128. Emulated (qemu 10: Cortex-A72, Neoverse N1, V1, N2) the logits are those of x64 with VNNI within
 * 1e-6; with SME, which quantizes activations row by row, they are as near to fp32. Not run on such a CPU, nor timed.
 * @param cpuInfo the text of /proc/cpuinfo, undefined where there is none
 */
export const needsExactProducts = (arch: string, cpuInfo: string | undefined): boolean => {
  if (arch !== 'x64') return false;
  const flags = new Set(/^flags\s*:(.*)$/m.exec(cpuInfo ?? '')?.[1]?.split(/\s+/));
  return !flags.has('avx512_vnni') && (!flags.has('avx_vnni') || flags.has('avx512bw'));
};

/** ONNX Runtime's options for one session of this machine. */
export const sessionOptions = (settings: SessionSettings = {}): InferenceSession.SessionOptions => {
  const cpus = Math.min(settings.cpus ?? Number.POSITIVE_INFINITY, hostCpus());
  const { threads = Math.max(1, Math.floor(cpus)), expectedScans = Number.POSITIVE_INFINITY } = settings;
  const prepack = settings.prepack ?? expectedScans >= PREPACKING_PAYS_FROM;
  const exactProducts =
    settings.exactProducts ?? (!settings.neverSaturates && needsExactProducts(process.arch, readCpuInfo()));
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
        // ViT-S); with more threads than CPUs, or after the run, they steal the time (or the quota) of those that work.
        intra_op: { allow_spinning: threads <= cpus ? '1' : '0' },
        force_spinning_stop: '1',
      },
    },
  };
};
