import { SulcusError } from '../../core/errors';
import { LIMITS } from '../../topology';
import type { ApiContext } from './api-context';
import { describeValue } from './validation';

/** Media type of the request's body in lower case without parameters; undefined when the request names none. */
export const mediaTypeOf = (context: ApiContext): string | undefined => {
  const mediaType = context.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  return mediaType === '' ? undefined : mediaType;
};

export const isJson = (mediaType: string | undefined): boolean =>
  mediaType !== undefined && /^application\/(?:[a-z0-9.-]+\+)?json$/.test(mediaType);

export const tooLarge = (what: string, limitBytes: number): SulcusError =>
  new SulcusError(
    'IMAGE_TOO_LARGE',
    `expected ${what} of at most ${limitBytes} bytes, received more; ` +
      `POST /v1/scans answers an upload URL for files of up to ${LIMITS.uploadBytes} bytes`,
  );

/** What a client may send in vain before the connection is closed on it. */
const DISCARDED_BYTES = 64 * 1024 * 1024;

/**
 * The whole body. What exceeds the limit is read but not kept: a client that is still sending when the connection
 * closes sees a broken pipe instead of the answer.
 * @throws IMAGE_TOO_LARGE over `limitBytes`, INVALID_REQUEST when the body breaks off
 */
export const readBody = async (context: ApiContext, what: string, limitBytes: number): Promise<Uint8Array> => {
  const { body } = context.req.raw;
  if (body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      length += chunk.length;
      if (length <= limitBytes) chunks.push(chunk);
      else chunks.length = 0;
      if (length > DISCARDED_BYTES) break;
    }
  } catch (cause) {
    throw new SulcusError('INVALID_REQUEST', `expected a whole body, received ${length} bytes of it`, { cause });
  }
  if (length > limitBytes) throw tooLarge(what, limitBytes);
  return Buffer.concat(chunks, length);
};

/** Reads and drops a body that no handler asked for, for the same reason. */
export const discardBody = async ({ bodyUsed, body }: Request): Promise<void> => {
  if (bodyUsed || body === null) return;
  let length = 0;
  try {
    for await (const chunk of body) {
      length += chunk.length;
      if (length > DISCARDED_BYTES) return;
    }
  } catch {
    // The client is gone; there is nobody left to answer.
  }
};

/** @throws INVALID_REQUEST when the bytes are no JSON text in UTF-8 */
export const parseJson = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    // The parser's message quotes the body, so it stays out of ours.
    const received = bytes.length === 0 ? 'an empty body' : `${bytes.length} bytes that are not`;
    throw new SulcusError('INVALID_REQUEST', `expected a JSON body in UTF-8, received ${received}`, { cause });
  }
};

/**
 * One character at a time: a repetition remembers every place it passed, and six million of them come near what V8 gives
 * regular expressions for it (64 MB). In a busy process some requests went beyond it and were answered 500.
 */
const FOREIGN = /[^A-Za-z0-9+/]/;
const withoutSpace = (text: string): string => text.replace(/[\t\n\r ]/g, '');

/**
 * The bytes behind base64 text (RFC 4648, padded, standard alphabet), white space between its characters and a
 * `data:…;base64,` prefix, as browsers write it, allowed.
 * @throws INVALID_REQUEST naming the field, IMAGE_TOO_LARGE
 */
export const decodeBase64Image = (text: string, field: string): Uint8Array => {
  const encoded = withoutSpace(text.replace(/^data:[^,]{0,127};base64,/i, ''));
  if (encoded.length === 0 || encoded.length % 4 !== 0 || FOREIGN.test(encoded.replace(/={1,2}$/, ''))) {
    throw new SulcusError(
      'INVALID_REQUEST',
      `expected padded base64 (A-Z a-z 0-9 + /) for ${field}, received ${describeValue(text)}`,
    );
  }
  if (Buffer.byteLength(encoded, 'base64') > LIMITS.apiImageBytes) throw tooLarge('an image', LIMITS.apiImageBytes);
  return Buffer.from(encoded, 'base64');
};
