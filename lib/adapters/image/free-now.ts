import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Below this the garbage collector is left to itself. */
const LARGE_BYTES = 16 * 1024 * 1024;

type Transferable = ArrayBufferLike & { transfer?: (newLength: number) => ArrayBuffer };

let collectGarbage: (() => void) | undefined;

/**
 * Node 20 has no ArrayBuffer.transfer and no other way to drop memory that a native module allocated; a collection of
 * our small heap takes 10 to 60 ms, where a 50-megapixel image takes half a second to decode.
 */
const exposeGarbageCollector = (): (() => void) => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
};

/**
 * Gives the memory of a large pixel buffer back at once; the array is empty or unreferenced afterwards, so its holder
 * must have let go of it. Without this two or three dead 50-megapixel images of 150 MB wait beside the living one.
 */
export const freeNow = (pixels: Uint8Array): void => {
  if (pixels.byteLength < LARGE_BYTES) return;
  const buffer = pixels.buffer as Transferable;
  if (buffer.transfer !== undefined) {
    buffer.transfer(0);
    return;
  }
  collectGarbage ??= exposeGarbageCollector();
  // In a later turn, when the frames that still name the buffer are gone.
  setImmediate(collectGarbage);
};
