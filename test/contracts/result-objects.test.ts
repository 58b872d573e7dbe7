import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { createFolderResultObjects, createFolderScanStore, FOLDER_BUCKET } from '../../lib/adapters/folder';
import { createS3Client, createS3ResultObjects } from '../../lib/adapters/s3';
import type { ResultObjects } from '../../lib/core/ports';
import { type ScanRecord, toScanResult } from '../../lib/core/scan-record';
import { scanRecord, sequencerOf } from '../support/scan-records';

interface Place {
  readonly store: ResultObjects;
  readonly bucket: string;
  /** Text of the object beside a scan, undefined when there is none. */
  readonly read: (key: string) => Promise<string | undefined>;
  readonly write: (key: string, text: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

const absent = () => undefined;

const openFolder = async (): Promise<Place> => {
  const root = await mkdtemp(path.join(tmpdir(), 'sulcus-results-'));
  const scans = createFolderScanStore({ root, tickets: {} as never });
  return {
    store: createFolderResultObjects(root, scans),
    bucket: FOLDER_BUCKET,
    read: (key) => readFile(path.join(root, `${key}.sulcus.json`), 'utf8').catch(absent),
    write: (key, text) => writeFile(path.join(root, `${key}.sulcus.json`), text),
    close: () => rm(root, { recursive: true }),
  };
};

const openS3 = (endpoint: string) => async (): Promise<Place> => {
  const client = createS3Client({ endpoint });
  const bucket = `sulcus-results-${Date.now()}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return {
    store: createS3ResultObjects(client),
    bucket,
    read: (key) =>
      client
        .send(new GetObjectCommand({ Bucket: bucket, Key: `${key}.sulcus.json` }))
        .then(({ Body }) => Body?.transformToString(), absent),
    write: async (key, text) => {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: `${key}.sulcus.json`, Body: text }));
    },
    close: async () => client.destroy(),
  };
};

const describeResultObjects = (name: string, open: () => Promise<Place>, ordersEvents: boolean): void => {
  describe(`results beside scans in ${name}`, () => {
    let place: Place;
    beforeEach(async () => {
      place = await open();
    });
    afterEach(() => place.close());

    const recordOf = (number: number, key = 'a b.png'): ScanRecord => ({
      ...scanRecord('classified', { source: { kind: 'upload', bucket: place.bucket, key, versionId: null } }),
      sequencer: sequencerOf(number),
    });
    const read = async (key = 'a b.png') => JSON.parse((await place.read(key)) ?? 'null');

    it('are the result as the API answers it', async () => {
      const record = recordOf(1);

      await place.store.put(record);

      expect(await read()).toEqual(toScanResult(record));
    });

    it('give way to the result of the same event or a newer one', async () => {
      const [first, again, newer] = [recordOf(1), recordOf(1), recordOf(2)];

      for (const record of [first, again, newer]) await place.store.put(record);

      expect((await read()).scanId).toBe(newer.scanId);
    });

    it('leave alone what is none of ours', async () => {
      await place.write('a b.png', 'notes of somebody');

      await place.store.put(recordOf(1));

      expect(await place.read('a b.png')).toBe('notes of somebody');
    });

    if (!ordersEvents) return;

    it('stay when an older event comes late', async () => {
      const [older, newer] = [recordOf(1), recordOf(2)];

      for (const record of [newer, older]) await place.store.put(record);

      expect((await read()).scanId).toBe(newer.scanId);
    });

    it('are those of the newest event when many are written at once', async () => {
      const records = [3, 1, 4, 2].map((number) => recordOf(number));

      await Promise.all(records.map((record) => place.store.put(record)));

      expect((await read()).scanId).toBe(records[2]?.scanId);
    });
  });
};

describeResultObjects('a folder', openFolder, false);

const endpoint = process.env.SULCUS_TEST_S3_ENDPOINT;
if (endpoint !== undefined) describeResultObjects('S3', openS3(endpoint), true);
