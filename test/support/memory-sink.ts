import type { BundleSink } from '../../lib/core/compiler-ports';
import { sha256Hex } from '../../lib/core/scan-ids';

export interface MemorySink extends BundleSink {
  readonly files: Map<string, Uint8Array>;
  state: 'open' | 'committed' | 'aborted';
}

/** A bundle sink that keeps everything, for tests that need no session. */
export const memorySink = (): MemorySink => {
  const files = new Map<string, Uint8Array>();
  const sink: MemorySink = {
    files,
    state: 'open',
    create: async (path) => {
      const chunks: Uint8Array[] = [];
      return {
        write: async (bytes) => {
          chunks.push(bytes.slice());
        },
        close: async () => {
          const bytes = Buffer.concat(chunks);
          files.set(path, bytes);
          return { path, sizeBytes: bytes.length, sha256: await sha256Hex(bytes) };
        },
      };
    },
    locate: (path) => path,
    discard: async (path) => {
      files.delete(path);
    },
    commit: async () => {
      sink.state = 'committed';
    },
    abort: async () => {
      sink.state = 'aborted';
      files.clear();
    },
  };
  return sink;
};
