import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A versioned bucket over S3's protocol, as far as the upload function asks of it: GetObject by version. */
export interface VersionedObjects {
  readonly endpoint: string;
  put(key: string, bytes: Uint8Array): { readonly versionId: string; readonly etag: string };
  close(): void;
}

export const openVersionedObjects = async (bucket: string): Promise<VersionedObjects> => {
  const objects = new Map<string, { readonly bytes: Uint8Array; readonly etag: string }>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://objects');
    const key = decodeURIComponent(url.pathname).slice(bucket.length + 2);
    const found = objects.get(`${key} ${url.searchParams.get('versionId')}`);
    if (request.method !== 'GET' || found === undefined) {
      response.writeHead(404, { 'content-type': 'application/xml' });
      response.end('<?xml version="1.0"?><Error><Code>NoSuchVersion</Code></Error>');
      return;
    }
    response.writeHead(200, { 'content-length': found.bytes.length, etag: `"${found.etag}"` });
    response.end(found.bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  let versions = 0;
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    put: (key, bytes) => {
      versions += 1;
      const versionId = `v${versions}`;
      const etag = createHash('md5').update(bytes).digest('hex');
      objects.set(`${key} ${versionId}`, { bytes, etag });
      return { versionId, etag };
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};
