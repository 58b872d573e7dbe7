import type { IncomingMessage } from 'node:http';
import type { FolderScanStore, UploadTickets } from '../adapters/folder';
import { SulcusError } from '../core/errors';
import { LIMITS } from '../topology';
import { bodyTooLarge, chunksOf } from './request-body';

export interface UploadRouteOptions {
  readonly tickets: UploadTickets;
  readonly scans: Pick<FolderScanStore, 'write'>;
  /** Called once the object is safely there. */
  readonly onUploaded: (key: string) => Promise<void>;
}

/** `PUT /uploads/{scanId}` as S3 answers a presigned one: the object is there, whole, when this says 200. */
export const createUploadRoute =
  ({ tickets, scans, onUploaded }: UploadRouteOptions) =>
  async (url: URL, incoming: IncomingMessage): Promise<Response> => {
    const key = decodeKey(url.pathname.slice(1));
    tickets.verify({
      key,
      contentType: incoming.headers['content-type'] ?? '',
      expires: url.searchParams.get('expires') ?? undefined,
      signature: url.searchParams.get('signature') ?? undefined,
    });
    if (Number(incoming.headers['content-length']) > LIMITS.uploadBytes) throw bodyTooLarge(LIMITS.uploadBytes);
    await scans.write(key, chunksOf(incoming), LIMITS.uploadBytes);
    await onUploaded(key);
    return new Response(null, { status: 200 });
  };

const decodeKey = (path: string): string => {
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    throw new SulcusError('INVALID_REQUEST', 'expected a percent-encoded path, received a broken escape', { cause });
  }
};
