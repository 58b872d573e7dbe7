import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { assertWebhookUrl, createWebhookSender } from '../../../lib/adapters/webhook';
import { isPrivateAddress } from '../../../lib/adapters/webhook/address-rules';

describe('private addresses', () => {
  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'ff02::1',
    'no address',
  ])('are %s', (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  it.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '1.1.1.1', '2606:4700:4700::1111', '::ffff:8.8.8.8'])(
    'are not %s',
    (address) => {
      expect(isPrivateAddress(address)).toBe(false);
    },
  );
});

describe('the URL of a webhook', () => {
  it.each([
    'http://receiver.example/hook',
    'ftp://receiver.example',
    'https://user:secret@receiver.example',
    'https://localhost/hook',
    'https://127.0.0.1/hook',
    // The same address as browsers and libraries read it.
    'https://2130706433/hook',
    'https://0x7f.1/hook',
    'https://[::1]/hook',
    'https://[::ffff:169.254.169.254]/',
    'https://169.254.169.254/latest/meta-data',
    'receiver.example',
    '',
  ])('is refused: %s', (url) => {
    expect(() => assertWebhookUrl(url, { allowPrivate: false })).toThrow(/for the webhook|webhook URL/);
  });

  it('may be any https URL, and on a laptop a local one', () => {
    expect(assertWebhookUrl('https://receiver.example:8443/hook?a=b', { allowPrivate: false }).port).toBe('8443');
    expect(assertWebhookUrl('http://127.0.0.1:9000/hook', { allowPrivate: true }).port).toBe('9000');
  });
});

describe('the sender', () => {
  let server: Server;
  let url: string;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  const seen: { method?: string; headers: IncomingMessage['headers']; body: string }[] = [];

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      seen.push({ method: request.method, headers: request.headers, body });
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  });
  beforeEach(() => {
    seen.length = 0;
    answer = (_, response) => response.writeHead(204).end();
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('posts headers and body as they are and answers the status', async () => {
    const send = createWebhookSender({ allowPrivate: true });

    const status = await send(url, { 'webhook-id': 'e1', 'content-type': 'application/json' }, '{"ä":1}');

    expect(status).toBe(204);
    expect(seen).toEqual([
      {
        method: 'POST',
        headers: expect.objectContaining({ 'webhook-id': 'e1', 'content-length': '8' }),
        body: '{"ä":1}',
      },
    ]);
  });

  it('follows no redirection, which could lead anywhere', async () => {
    answer = (_, response) => response.writeHead(307, { location: url }).end();

    expect(await createWebhookSender({ allowPrivate: true })(url, {}, 'x')).toBe(307);
    expect(seen).toHaveLength(1);
  });

  it('does not read an answer without end', async () => {
    answer = (_, response) => {
      response.writeHead(200);
      const pour = () => response.write('x'.repeat(65_536)) && setImmediate(pour);
      response.on('error', () => undefined);
      pour();
    };

    expect(await createWebhookSender({ allowPrivate: true })(url, {}, 'x')).toBe(200);
  });

  it('gives up on a receiver that does not answer, or is not there', async () => {
    answer = () => undefined;

    await expect(createWebhookSender({ allowPrivate: true, timeoutMs: 100 })(url, {}, 'x')).rejects.toMatchObject({
      code: 'WEBHOOK_UNDELIVERED',
    });
    await expect(createWebhookSender({ allowPrivate: true })('http://127.0.0.1:1/', {}, 'x')).rejects.toMatchObject({
      code: 'WEBHOOK_UNDELIVERED',
    });
  });

  it('goes to no name that resolves to a private address, not even as one of several', async () => {
    const port = new URL(url).port;
    const target = `https://rebound.example:${port}/hook`;
    const sendTo = (...addresses: string[]) =>
      createWebhookSender({
        allowPrivate: false,
        resolve: async () => addresses.map((address) => ({ address, family: 4 })),
      })(target, {}, 'x');

    await expect(sendTo('127.0.0.1')).rejects.toMatchObject({ message: expect.stringContaining('public address') });
    await expect(sendTo('8.8.8.8', '127.0.0.1')).rejects.toMatchObject({
      message: expect.stringContaining('public address'),
    });
    expect(seen).toEqual([]);
  });

  it('reaches a name by the address that was checked', async () => {
    const named = url.replace('127.0.0.1', 'receiver.example');
    const resolve = async () => [{ address: '127.0.0.1', family: 4 }];

    const status = await createWebhookSender({ allowPrivate: true, resolve })(named, {}, 'x');

    expect(status).toBe(204);
    expect(seen[0]?.headers.host).toMatch(/^receiver\.example:/);
  });
});
