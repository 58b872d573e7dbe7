import type { z } from 'zod';
import { SulcusError } from '../../core/errors';
import { LIMITS } from '../../topology';
import type { ApiContext } from './api-context';
import { decodeBase64Image, isJson, mediaTypeOf, parseJson, readBody } from './body';
import { describeValue, parseWith } from './validation';

/** U+FFFD in UTF-8: what a gateway that takes bytes for text makes of the first byte of a PNG or JPEG file. */
const REPLACEMENT_CHARACTER = Buffer.from('\ufffd');

/** Raw bytes of an image. @throws INVALID_REQUEST when empty, IMAGE_TOO_LARGE, UNSUPPORTED_IMAGE when mangled */
export const readRawImage = async (context: ApiContext): Promise<Uint8Array> => {
  const bytes = await readBody(context, 'an image', LIMITS.apiImageBytes);
  if (bytes.length === 0) {
    throw new SulcusError('INVALID_REQUEST', 'expected an image for the body, received an empty body');
  }
  if (REPLACEMENT_CHARACTER.equals(bytes.subarray(0, REPLACEMENT_CHARACTER.length))) {
    throw new SulcusError(
      'UNSUPPORTED_IMAGE',
      'expected the bytes of an image, received them turned into text; send them with an image content type',
    );
  }
  return bytes;
};

/** A JSON body that carries an image. @throws INVALID_REQUEST, IMAGE_TOO_LARGE */
export const readJsonBody = async <Schema extends z.ZodType>(
  context: ApiContext,
  schema: Schema,
): Promise<z.output<Schema>> =>
  parseWith(schema, parseJson(await readBody(context, 'a JSON body', LIMITS.apiBodyBytes)), 'JSON body');

/**
 * The image of a classify request: raw bytes with an image content type (or application/octet-stream, for files whose
 * type the client does not know; the bytes decide anyway), or base64 in a JSON member.
 * @throws UNSUPPORTED_IMAGE for another content type or none, INVALID_REQUEST, IMAGE_TOO_LARGE
 */
export const readImage = async (context: ApiContext, schema: z.ZodType<{ image: string }>): Promise<Uint8Array> => {
  const mediaType = mediaTypeOf(context);
  if (isJson(mediaType)) return decodeBase64Image((await readJsonBody(context, schema)).image, 'image');
  if (mediaType?.startsWith('image/') || mediaType === 'application/octet-stream') return readRawImage(context);
  throw new SulcusError(
    'UNSUPPORTED_IMAGE',
    'expected image/* or application/octet-stream with the bytes of an image, or application/json with ' +
      `{ "image": base64 }, for the Content-Type, received ${describeValue(mediaType)}`,
  );
};
