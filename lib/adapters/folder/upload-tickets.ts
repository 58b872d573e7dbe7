import { createHmac, timingSafeEqual } from 'node:crypto';
import { SulcusError } from '../../core/errors';
import type { UploadTicket } from '../../core/ports';

export interface UploadTicketOptions {
  /** Whoever holds it can issue tickets; it stays in the data folder. */
  readonly secret: string;
  /** Where the server that honours the tickets is reached, without a trailing slash. */
  readonly baseUrl: () => string;
  readonly uploadUrlSeconds: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** An upload as it arrives. */
export interface UploadClaim {
  readonly key: string;
  readonly contentType: string;
  readonly expires: string | undefined;
  readonly signature: string | undefined;
}

export interface UploadTickets {
  issue(key: string, contentType: string): UploadTicket;
  /** @throws UNAUTHORIZED when this upload was not announced so, or its time is over */
  verify(claim: UploadClaim): void;
}

/**
 * Upload URLs of our own, as a presigned PUT on S3: the URL says key, expiry and signature; the content type is signed
 * and must be sent. `<base>/<key>?expires=<seconds since the epoch>&signature=<HMAC-SHA-256, base64url>`
 */
export const createUploadTickets = ({ secret, baseUrl, uploadUrlSeconds, now }: UploadTicketOptions): UploadTickets => {
  const sign = (key: string, contentType: string, expires: string): string =>
    createHmac('sha256', secret)
      .update(JSON.stringify(['PUT', key, contentType, expires]))
      .digest('base64url');
  return {
    issue: (key, contentType) => {
      const expires = String(Math.floor(now() / 1000) + uploadUrlSeconds);
      const path = key.split('/').map(encodeURIComponent).join('/');
      return {
        uploadUrl: `${baseUrl()}/${path}?expires=${expires}&signature=${sign(key, contentType, expires)}`,
        method: 'PUT',
        headers: { 'content-type': contentType },
        expiresAt: new Date(Number(expires) * 1000).toISOString(),
      };
    },
    verify: ({ key, contentType, expires = '', signature = '' }) => {
      if (!same(signature, sign(key, contentType, expires))) {
        throw new SulcusError(
          'UNAUTHORIZED',
          'expected the upload URL and content type as POST /v1/scans answered them, received others',
        );
      }
      if (Number(expires) * 1000 <= now()) {
        throw new SulcusError('UNAUTHORIZED', 'expected an upload before its URL expires, received one after');
      }
    },
  };
};

const same = (a: string, b: string): boolean => {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
};
