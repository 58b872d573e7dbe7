import { randomUUID } from 'node:crypto';
import type { ObjectReference, ScanStore, UploadTicket } from '../../lib/core/ports';

export interface OpenScanStore {
  readonly store: ScanStore;
  readonly bucket: string;
  /** Puts an object as somebody outside would, and answers what its event would say. */
  put(key: string, bytes: Uint8Array): Promise<ObjectReference>;
  has(key: string): Promise<boolean>;
  /** Uses a ticket as its holder would and answers the HTTP status. Absent where nothing honours tickets. */
  upload?(ticket: UploadTicket, bytes: Uint8Array): Promise<number>;
  close(): Promise<void>;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** What every ScanStore promises; ports.ts has it in words. Keys are unique, so that a bucket can be shared. */
export const describeScanStore = (name: string, open: () => Promise<OpenScanStore>): void => {
  describe(`${name} as a ScanStore`, () => {
    let opened: OpenScanStore;
    let prefix: string;
    beforeAll(async () => {
      opened = await open();
    });
    beforeEach(() => {
      prefix = `contract-${randomUUID()}`;
    });
    afterAll(() => opened.close());

    it.each([
      'scan.png',
      'space plus+percent%.png',
      '%2B.png',
      'café e\u0301.png',
      '🧠.png',
      'a/b c/(1).png',
      "quote ' & ; = @ $ , #.png",
    ])('reads the object %s byte for byte', async (file) => {
      const reference = await opened.put(`${prefix}/${file}`, bytesOf('content of a scan'));

      const bytes = await opened.store.read(reference, 1000);

      expect(textOf(bytes)).toBe('content of a scan');
    });

    it('reads an empty object', async () => {
      const reference = await opened.put(`${prefix}.png`, new Uint8Array());

      expect(await opened.store.read(reference, 10)).toHaveLength(0);
    });

    it('reads up to the limit and not a byte more', async () => {
      const reference = await opened.put(`${prefix}.png`, new Uint8Array(100_000).fill(7));

      expect(await opened.store.read(reference, 100_000)).toHaveLength(100_000);
      await expect(opened.store.read(reference, 99_999)).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
    });

    it('answers SCAN_NOT_FOUND for what never was and for what is gone', async () => {
      const reference = await opened.put(`${prefix}.png`, bytesOf('here'));
      await opened.store.remove(opened.bucket, reference.key);

      await expect(opened.store.read(reference, 10)).rejects.toMatchObject({ code: 'SCAN_NOT_FOUND' });
      await expect(opened.store.read({ ...reference, key: `${prefix}/none.png` }, 10)).rejects.toMatchObject({
        code: 'SCAN_NOT_FOUND',
      });
    });

    it('reads exactly the content of its reference: the old version, or SCAN_NOT_FOUND when it was replaced', async () => {
      const before = await opened.put(`${prefix}.png`, bytesOf('before'));
      const after = await opened.put(`${prefix}.png`, bytesOf('after'));

      const read = opened.store.read(before, 10).then(textOf, (error: { code: string }) => error.code);

      expect(await read).toBe(before.versionId === null ? 'SCAN_NOT_FOUND' : 'before');
      expect(textOf(await opened.store.read(after, 10))).toBe('after');
    });

    it('removes every version of one object and no other, and what is not there without complaint', async () => {
      const versions = [
        await opened.put(`${prefix}.png`, bytesOf('1')),
        await opened.put(`${prefix}.png`, bytesOf('2')),
      ];
      await opened.put(`${prefix}.png.bak`, bytesOf('neighbour'));

      await opened.store.remove(opened.bucket, `${prefix}.png`);
      await opened.store.remove(opened.bucket, `${prefix}.png`);

      expect([await opened.has(`${prefix}.png`), await opened.has(`${prefix}.png.bak`)]).toEqual([false, true]);
      for (const version of versions) {
        await expect(opened.store.read(version, 10)).rejects.toMatchObject({ code: 'SCAN_NOT_FOUND' });
      }
    });

    it('answers a ticket that says how to upload, and until when', async () => {
      const ticket = await opened.store.createUpload(`${prefix}.png`, 'image/png');

      expect(ticket).toMatchObject({ method: 'PUT', headers: { 'content-type': 'image/png' } });
      expect(new URL(ticket.uploadUrl).protocol).toMatch(/^https?:$/);
      const seconds = (Date.parse(ticket.expiresAt) - Date.now()) / 1000;
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThanOrEqual(900);
    });

    it('takes what the holder of a ticket uploads, with the announced content type only', async () => {
      if (opened.upload === undefined) return;
      const ticket = await opened.store.createUpload(`${prefix}.png`, 'image/png');

      const refused = await opened.upload({ ...ticket, headers: { 'content-type': 'text/html' } }, bytesOf('other'));
      const accepted = await opened.upload(ticket, bytesOf('uploaded'));

      expect([refused, accepted]).toEqual([403, 200]);
      const reference = { bucket: opened.bucket, key: `${prefix}.png`, versionId: null, etag: null };
      expect(textOf(await opened.store.read(reference, 100))).toBe('uploaded');
    });
  });
};
