import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  CreateBucketCommand,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { createFolderScanStore, createUploadTickets, FOLDER_BUCKET, readEtag } from '../../lib/adapters/folder';
import { createS3Client, createS3ScanStore } from '../../lib/adapters/s3';
import { createMemoryScanStore } from '../support/memory-stores';
import { describeScanStore, type OpenScanStore } from './scan-store.contract';

const openMemory = (versioned: boolean) => async (): Promise<OpenScanStore> => {
  const store = createMemoryScanStore({ versioned });
  const bucket = 'test-bucket';
  return {
    store,
    bucket,
    put: async (key, bytes) => store.put(bucket, key, bytes),
    has: async (key) => store.has(bucket, key),
    close: async () => undefined,
  };
};

const openFolder = async (): Promise<OpenScanStore> => {
  const root = await mkdtemp(path.join(tmpdir(), 'sulcus-scans-'));
  const baseUrl = () => 'http://127.0.0.1:1';
  const tickets = createUploadTickets({ secret: 'secret', baseUrl, uploadUrlSeconds: 900, now: Date.now });
  return {
    store: createFolderScanStore({ root, tickets }),
    bucket: FOLDER_BUCKET,
    put: async (key, bytes) => {
      const file = path.join(root, key);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, bytes);
      return { bucket: FOLDER_BUCKET, key, versionId: null, etag: await readEtag(root, key) };
    },
    has: (key) =>
      access(path.join(root, key)).then(
        () => true,
        () => false,
      ),
    close: () => rm(root, { recursive: true }),
  };
};

const openS3 = (endpoint: string, versioned: boolean) => async (): Promise<OpenScanStore> => {
  const client = createS3Client({ endpoint });
  const bucket = `sulcus-contract-${versioned ? 'versions' : 'plain'}-${Date.now()}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  if (versioned) {
    const VersioningConfiguration = { Status: 'Enabled' as const };
    await client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
  }
  return {
    store: createS3ScanStore({ client, bucketName: bucket, uploadUrlSeconds: 900 }),
    bucket,
    put: async (key, bytes) => {
      const { ETag, VersionId } = await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }));
      return { bucket, key, versionId: VersionId ?? null, etag: ETag?.replaceAll('"', '') ?? null };
    },
    has: (key) =>
      client.send(new HeadObjectCommand({ Bucket: bucket, Key: key })).then(
        () => true,
        () => false,
      ),
    // moto checks no signatures, so an upload with another content type passes there.
    ...(process.env.SULCUS_TEST_S3_IS_MOTO === undefined
      ? {
          upload: async ({ uploadUrl, method, headers }, bytes) => {
            const response = await fetch(uploadUrl, { method, headers, body: Buffer.from(bytes) });
            return response.status;
          },
        }
      : {}),
    close: async () => client.destroy(),
  };
};

describeScanStore('memory with versions', openMemory(true));
describeScanStore('memory without versions', openMemory(false));
describeScanStore('a folder', openFolder);

const endpoint = process.env.SULCUS_TEST_S3_ENDPOINT;
if (endpoint !== undefined) {
  describeScanStore('S3 with versions', openS3(endpoint, true));
  describeScanStore('S3 without versions', openS3(endpoint, false));
}
