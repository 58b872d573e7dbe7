import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { serve } from '@hono/node-server';
import { createApiUnderTest } from './api-under-test';

/** Like Python's urllib: sends everything, then reads, and wants the connection closed after that. */
const sendThenRead = async (port: number, path: string, contentType: string, body: Buffer): Promise<string> => {
  const socket = connect(port, '127.0.0.1');
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: ${contentType}\r\n` +
      `Content-Length: ${body.length}\r\n\r\n`,
  );
  await new Promise<void>((resolve, reject) => socket.write(body, (error) => (error ? reject(error) : resolve())));
  return text(socket);
};

describe('a client that reads only after sending 30 MB', () => {
  it.each([
    ['/v1/classify', 'image/png', '413'],
    ['/v1/classify', 'application/json', '413'],
    ['/v1/classify', 'text/plain', '415'],
    ['/v1/classify?store=no', 'image/png', '400'],
    ['/v1/scans', 'image/png', '413'],
    ['/models/other', 'image/png', '404'],
    ['/nope', 'image/png', '404'],
  ])('to %s as %s gets its %s', async (path, contentType, status) => {
    const { app } = createApiUnderTest();
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
    await new Promise((resolve) => server.once('listening', resolve));

    const answer = await sendThenRead((server.address() as AddressInfo).port, path, contentType, Buffer.alloc(30e6, 1));

    await new Promise((resolve) => server.close(resolve));
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('"error"');
  });
});
