import type { BundleSink, CheckpointSource } from './compiler-ports';
import { type BundleFile, digestInput } from './model-manifest';
import { sha256Hex } from './scan-ids';

const CHUNK_BYTES = 1 << 20;

/** As JSON is written into bundles: indented by two, a line break at the end. */
export const encodeJson = (value: unknown): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);

export const writeFile = async (sink: BundleSink, path: string, bytes: Uint8Array): Promise<BundleFile> => {
  const writer = await sink.create(path);
  await writer.write(bytes);
  return writer.close();
};

/** Byte for byte, a megabyte at a time. */
export const copyFile = async (source: CheckpointSource, sink: BundleSink, path: string): Promise<BundleFile> => {
  const file = await source.open(path);
  try {
    const writer = await sink.create(path);
    for (let offset = 0; offset < file.sizeBytes; offset += CHUNK_BYTES) {
      await writer.write(await file.read(offset, Math.min(CHUNK_BYTES, file.sizeBytes - offset)));
    }
    return await writer.close();
  } finally {
    await file.close();
  }
};

/** `sha256:` and 64 hex digits. */
export const bundleDigest = async (files: readonly BundleFile[]): Promise<string> =>
  `sha256:${await sha256Hex(digestInput(files))}`;
