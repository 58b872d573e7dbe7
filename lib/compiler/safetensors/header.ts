import { z } from 'zod';
import { SulcusError } from '../../core/errors';
import { shorten, showValue } from '../../core/show-value';
import { findDuplicateKey } from './duplicate-keys';

/** Bytes per element of every dtype the format knows: https://github.com/huggingface/safetensors (tensor.rs). */
const DTYPE_BYTES: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
};

/** A ViT-H needs 100 kB. The reference implementation takes 100 MB, which only serves to exhaust a parser. */
const MAX_HEADER_BYTES = 16 * 1024 * 1024;

export const PREFIX_BYTES = 8;

export interface TensorInfo {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Position in the file. */
  readonly offset: number;
  readonly sizeBytes: number;
}

const invalid = (message: string): SulcusError => new SulcusError('CHECKPOINT_INVALID', message);

const wholeNumber = z.int().nonnegative();
const entrySchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(wholeNumber).max(16),
  data_offsets: z.tuple([wholeNumber, wholeNumber]),
});
const metadataSchema = z.record(z.string(), z.string());

/**
 * Length of the JSON header from the first bytes of a safetensors file (u64, little endian).
 * @param prefix the first 8 bytes, fewer if the file is shorter
 * @throws CHECKPOINT_INVALID for a file too short, one that is a pickle or a zip, and a length that the file cannot hold
 */
export const headerLength = (prefix: Uint8Array, fileBytes: number): number => {
  if (prefix.length < PREFIX_BYTES || fileBytes < PREFIX_BYTES) {
    throw invalid(`expected a safetensors file of at least ${PREFIX_BYTES} bytes, received ${fileBytes}`);
  }
  const view = new DataView(prefix.buffer, prefix.byteOffset, PREFIX_BYTES);
  const length = view.getBigUint64(0, true);
  const largest = Math.min(MAX_HEADER_BYTES, fileBytes - PREFIX_BYTES);
  if (length < 2n || length > BigInt(largest)) {
    const received = isPickle(prefix) ? 'a PyTorch pickle under another name' : String(length);
    throw invalid(`expected a safetensors header of 2 to ${largest} bytes in this file, received ${received}`);
  }
  return Number(length);
};

/** `torch.save` writes a zip (PK 3 4), formerly a bare pickle (0x80, protocol 2 to 5). */
const isPickle = ([first, second = 0]: Uint8Array): boolean =>
  (first === 0x80 && second >= 2 && second <= 5) || (first === 0x50 && second === 0x4b);

/**
 * The tensors a header announces, in file order. Nothing in it is trusted: dtype, shape and byte range must agree,
 * and the ranges must tile the data exactly (no overlap, no hole, nothing after the end), as the format demands.
 * @param header the bytes between the length and the data
 * @throws CHECKPOINT_INVALID naming the tensor, what was expected and what was received
 */
export const parseHeader = (header: Uint8Array, fileBytes: number): ReadonlyMap<string, TensorInfo> => {
  const dataStart = PREFIX_BYTES + header.length;
  const dataBytes = fileBytes - dataStart;
  const tensors: TensorInfo[] = [];
  for (const [name, entry] of parseEntries(header)) {
    if (name === '__metadata__') {
      if (!metadataSchema.safeParse(entry).success)
        throw invalid('expected text values for __metadata__ of the header');
    } else tensors.push(parseEntry(name, entry, dataStart, dataBytes));
  }
  requireTiling(tensors, dataStart, fileBytes);
  return new Map(tensors.map((tensor) => [tensor.name, tensor]));
};

const parseEntries = (header: Uint8Array): [string, unknown][] => {
  let text: string;
  let json: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(header);
    json = JSON.parse(text);
  } catch (cause) {
    throw new SulcusError('CHECKPOINT_INVALID', 'expected a JSON object for the safetensors header, received no JSON', {
      cause,
    });
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw invalid(
      `expected a JSON object for the safetensors header, received ${Array.isArray(json) ? 'an array' : typeof json}`,
    );
  }
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) {
    throw invalid(`expected each name once in the safetensors header, received ${showValue(duplicate)} twice`);
  }
  return Object.entries(json);
};

const parseEntry = (name: string, entry: unknown, dataStart: number, dataBytes: number): TensorInfo => {
  const subject = `tensor ${showValue(name)}`;
  const parsed = entrySchema.safeParse(entry);
  if (!parsed.success) {
    const problem = parsed.error.issues[0];
    const place = [...(problem?.path ?? []), ''].join(' ');
    throw invalid(`expected dtype, shape and data_offsets for ${subject}: ${place}${shorten(problem?.message ?? '')}`);
  }
  const {
    dtype,
    shape,
    data_offsets: [begin, end],
  } = parsed.data;
  const elementBytes = Object.hasOwn(DTYPE_BYTES, dtype) ? DTYPE_BYTES[dtype] : undefined;
  if (elementBytes === undefined) {
    throw invalid(
      `expected one of ${Object.keys(DTYPE_BYTES).join(', ')} for dtype of ${subject}, received ${showValue(dtype)}`,
    );
  }
  if (begin > end || end > dataBytes) {
    throw invalid(`expected data_offsets within 0 to ${dataBytes} for ${subject}, received ${begin} to ${end}`);
  }
  const expectedBytes = shape.reduce((product, side) => product * side, elementBytes);
  if (expectedBytes !== end - begin) {
    throw invalid(
      `expected ${expectedBytes} bytes for ${subject} of shape [${shape.join(', ')}] ${dtype}, received ${end - begin}`,
    );
  }
  return { name, dtype, shape, offset: dataStart + begin, sizeBytes: end - begin };
};

const requireTiling = (tensors: TensorInfo[], dataStart: number, fileBytes: number): void => {
  tensors.sort((a, b) => a.offset - b.offset || a.sizeBytes - b.sizeBytes);
  let position = dataStart;
  for (const { name, offset, sizeBytes } of tensors) {
    if (offset !== position) {
      const problem = offset < position ? 'an overlap with the tensor before it' : 'a hole';
      throw invalid(
        `expected tensor ${showValue(name)} to start at data offset ${position - dataStart}, ` +
          `received ${offset - dataStart} (${problem})`,
      );
    }
    position += sizeBytes;
  }
  if (position !== fileBytes) {
    throw invalid(`expected the tensors to end with the file at byte ${fileBytes}, received byte ${position}`);
  }
};
