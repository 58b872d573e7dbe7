import type { BundleSink } from '../core/compiler-ports';

export interface Interruption {
  readonly begun: () => boolean;
  /** The exit code, once a signal came and all that was written is removed. */
  readonly ended: Promise<number>;
  /** No longer listens: signals do again what they do. */
  readonly stop: () => void;
}

const SIGNALS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const;

/** Ctrl-C leaves no half-written bundle behind either. */
export const onInterruption = (sink: BundleSink): Interruption => {
  let begun = false;
  const listeners: [NodeJS.Signals, () => void][] = [];
  const ended = new Promise<number>((done) => {
    for (const [signal, exitCode] of SIGNALS) {
      const listener = () => {
        begun = true;
        done(sink.abort().then(() => exitCode));
      };
      listeners.push([signal, listener]);
      process.once(signal, listener);
    }
  });
  const stop = () => {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  };
  return { begun: () => begun, ended, stop };
};
