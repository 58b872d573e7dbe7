import type { IncomingMessage, ServerResponse } from 'node:http';
import { SulcusError } from '../core/errors';
import { LIMITS } from '../topology';

/** The chunks of a body, leaving the connection open when whoever reads them stops early. */
export const chunksOf = (incoming: IncomingMessage): AsyncIterable<Uint8Array> => ({
  [Symbol.asyncIterator]: () => incoming.iterator({ destroyOnReturn: false }),
});

export const bodyTooLarge = (limitBytes: number): SulcusError =>
  new SulcusError(
    'IMAGE_TOO_LARGE',
    `expected a body of at most ${limitBytes} bytes, received more` +
      (limitBytes < LIMITS.uploadBytes
        ? `; POST /v1/scans answers an upload URL for files of up to ${LIMITS.uploadBytes} bytes`
        : ''),
  );

/**
 * A whole body, as API Gateway collects it before it calls a function.
 * @throws IMAGE_TOO_LARGE over the limit, INVALID_REQUEST when the body breaks off
 */
export const readBody = async (incoming: IncomingMessage, limitBytes: number): Promise<Buffer> => {
  if (Number(incoming.headers['content-length']) > limitBytes) throw bodyTooLarge(limitBytes);
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of chunksOf(incoming)) {
      length += chunk.length;
      if (length > limitBytes) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw new SulcusError('INVALID_REQUEST', `expected a whole body, received ${length} bytes of it`, { cause });
  }
  if (length > limitBytes) throw bodyTooLarge(limitBytes);
  return Buffer.concat(chunks, length);
};

/** Requests whose client waits for a "100 Continue" that will not come, and so sends no body. */
const holdsBack = new WeakSet<IncomingMessage>();

/** Answers `Expect: 100-continue`: a body that is too large by its own word need not be sent. */
export const expectBody = (incoming: IncomingMessage, outgoing: ServerResponse, limitBytes: number): void => {
  if (Number(incoming.headers['content-length']) <= limitBytes) {
    outgoing.writeContinue();
    return;
  }
  holdsBack.add(incoming);
  outgoing.shouldKeepAlive = false;
};

const DRAIN_MS = 10_000;
const DRAIN_BYTES = 512 * 1024 * 1024;

/**
 * Takes the rest of a body and throws it away: a client that is still sending when the connection closes would see
 * only that, and never why. It must not send for ever, though.
 */
export const drain = async (incoming: IncomingMessage): Promise<void> => {
  if (incoming.complete || incoming.destroyed || holdsBack.has(incoming)) return;
  await new Promise<void>((resolve) => {
    let length = 0;
    const end = (): void => {
      clearTimeout(timer);
      incoming.off('data', count);
      resolve();
    };
    const count = (chunk: Buffer): void => {
      length += chunk.length;
      if (length > DRAIN_BYTES) end();
    };
    const timer = setTimeout(end, DRAIN_MS);
    incoming.on('data', count).once('end', end).once('error', end).once('close', end);
  });
};
