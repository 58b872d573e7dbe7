import { readdir } from 'node:fs/promises';
import type { AnnouncedScan, ScanResult } from '../../lib/core/contract';
import { LIMITS } from '../../lib/topology';
import { createFakeModel } from '../support/fake-classifier';
import { call, type Folders, makeFolders, startTestCloud, until } from '../support/local-cloud';
import { tinyScan } from '../support/tiny-scan';

/** POST /v1/scans, PUT to the URL it answers, GET the result: the way for large files. */
describe('uploading an announced scan', () => {
  let folders: Folders;
  let cloud: Awaited<ReturnType<typeof startTestCloud>>;
  beforeAll(async () => {
    folders = await makeFolders();
    cloud = await startTestCloud({ ...folders, model: createFakeModel() });
  });
  afterAll(async () => {
    await cloud.stop();
    await folders.remove();
  });

  const announce = async (): Promise<AnnouncedScan> => {
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ contentType: 'image/png' }),
    };
    return (await (await call(cloud, '/v1/scans', init)).json()) as AnnouncedScan;
  };
  const put = ({ uploadUrl, method, headers }: AnnouncedScan, body: Uint8Array) =>
    fetch(uploadUrl, { method, headers, body: new Uint8Array(body) });
  const get = async (scanId: string) => (await (await call(cloud, `/v1/scans/${scanId}`)).json()) as ScanResult;
  const settled = (scanId: string) =>
    until(async () => {
      const scan = await get(scanId);
      return scan.state !== 'pending' && scan;
    });
  const objects = () => readdir(`${folders.scanFolder}/uploads`);

  it('keeps the scan id, and classifies at once', async () => {
    const announced = await announce();
    const pending = await get(announced.scanId);
    const start = Date.now();

    const response = await put(announced, tinyScan(1));
    const scan = await settled(announced.scanId);

    expect(response.status).toBe(200);
    expect(pending.state).toBe('pending');
    expect(scan).toMatchObject({
      scanId: announced.scanId,
      state: 'classified',
      source: { kind: 'upload', key: `uploads/${announced.scanId}` },
      apiKeyId: pending.apiKeyId,
      createdAt: pending.createdAt,
    });
    expect(Date.now() - start).toBeLessThan(2_000);
  });

  it('replaces the result when the URL is used again, and keeps the id', async () => {
    const announced = await announce();
    await put(announced, Buffer.from('not an image'));
    const first = await settled(announced.scanId);
    await put(announced, tinyScan(2));

    const second = await until(async () => {
      const scan = await get(announced.scanId);
      return scan.state === 'classified' && scan;
    });

    expect(first).toMatchObject({ state: 'rejected', error: { code: 'UNSUPPORTED_IMAGE' } });
    expect(second.createdAt).toBe(first.createdAt);
  });

  it('takes 20 MB, which no function could be sent', async () => {
    const announced = await announce();

    const response = await put(announced, Buffer.alloc(20_000_000, 1));

    expect(response.status).toBe(200);
    expect(await settled(announced.scanId)).toMatchObject({ state: 'rejected', error: { code: 'UNSUPPORTED_IMAGE' } });
  });

  it('refuses more than an object may have, keeps nothing of it and tells the client', async () => {
    const announced = await announce();

    const response = await put(announced, Buffer.alloc(LIMITS.uploadBytes + 1));

    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: { code: 'IMAGE_TOO_LARGE' } });
    expect(await objects()).not.toContain(announced.scanId);
    expect((await get(announced.scanId)).state).toBe('pending');
  });

  it.each([
    ['another scan', (url: string) => url.replace(/[0-9a-f]{32}/, '0'.repeat(32))],
    ['a later expiry', (url: string) => url.replace(/expires=\d/, 'expires=9')],
    ['another signature', (url: string) => url.replace(/signature=.{4}/, 'signature=AAAA')],
    ['no signature', (url: string) => url.replace(/\?.*/, '')],
    ['a way out', (url: string) => url.replace(/uploads\/[0-9a-f]{32}/, 'uploads/..%2f..%2fetc%2fpasswd')],
  ])('answers 403 to a URL with %s', async (_, tamper) => {
    const announced = await announce();

    const response = await put({ ...announced, uploadUrl: tamper(announced.uploadUrl) }, tinyScan(3));

    expect(response.status).toBe(403);
    expect(await response.json()).toEqual({
      error: { code: 'UNAUTHORIZED', message: expect.stringContaining('upload URL'), requestId: expect.any(String) },
    });
  });

  it('removes the object of a deleted scan, and what is uploaded after that', async () => {
    const announced = await announce();
    await put(announced, tinyScan(4));
    await settled(announced.scanId);

    const removed = await call(cloud, `/v1/scans/${announced.scanId}`, { method: 'DELETE' });
    const afterwards = await objects();
    await put(announced, tinyScan(5));

    expect(removed.status).toBeLessThan(300);
    expect(afterwards).not.toContain(announced.scanId);
    await until(async () => !(await objects()).includes(announced.scanId));
    expect((await call(cloud, `/v1/scans/${announced.scanId}`)).status).toBe(404);
  });
});
