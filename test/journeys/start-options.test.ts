import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createFakeModel } from '../support/fake-classifier';
import { call, type Folders, finalScans, makeFolders, startTestCloud, until } from '../support/local-cloud';
import { tinyScan } from '../support/tiny-scan';

let folders: Folders;
beforeEach(async () => {
  folders = await makeFolders();
});
afterEach(() => folders.remove());

test('results lie beside their scans, and go with them', async () => {
  const cloud = await startTestCloud({ ...folders, model: createFakeModel(), resultObjects: true });
  try {
    await writeFile(`${folders.scanFolder}/a b.png`, tinyScan(1));
    const [scan] = await finalScans(cloud, 1);
    const file = `${folders.scanFolder}/a b.png.sulcus.json`;
    const beside = await until(() => readFile(file, 'utf8').catch(() => undefined));

    const gone = await call(cloud, `/v1/scans/${scan?.scanId}`, { method: 'DELETE' });

    expect(JSON.parse(beside)).toEqual(scan);
    expect(gone.status).toBe(204);
    await expect(readFile(file)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readFile(`${folders.scanFolder}/a b.png`)).toEqual(tinyScan(1));
    expect(await finalScans(cloud, 0)).toEqual([]);
  } finally {
    await cloud.stop();
  }
});

test('tokens open the API instead of keys, by the authorizer of AWS', async () => {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'RS256' }] });
  const server = createServer((_, response) => response.end(jwks));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sign = (audience: string) =>
    new SignJWT({ sub: 'jane' })
      .setProtectedHeader({ alg: 'RS256', kid: 'k' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setExpirationTime('1m')
      .sign(privateKey);
  const tokens = { issuer, audience: 'sulcus', jwksUri: `${issuer}/keys` };
  const cloud = await startTestCloud({ ...folders, model: createFakeModel(), tokens });
  try {
    const statuses: number[] = [];
    for (const audience of ['sulcus', 'other']) {
      const headers = { authorization: `Bearer ${await sign(audience)}`, 'content-type': 'image/png' };
      const init = { method: 'POST', headers, body: new Uint8Array(tinyScan(1)) };
      statuses.push((await fetch(`${cloud.url}/v1/classify`, init)).status);
    }
    statuses.push((await fetch(`${cloud.url}/v1/scans`, { headers: { 'x-api-key': cloud.apiKey } })).status);

    expect(statuses).toEqual([200, 401, 401]);
  } finally {
    await cloud.stop();
    server.close();
  }
});
