import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { toErrorResponse } from '../adapters/http';
import { SulcusError } from '../core/errors';
import { bodyLimit, type Gateway } from './gateway';
import { expectBody } from './request-body';

export interface LocalServer {
  readonly url: string;
  /** Takes no more requests, lets those in hand end, at most so long. */
  close(withinMs: number): Promise<void>;
}

const HOST = '127.0.0.1';

/**
 * The gateway on a port of this machine only.
 * @throws CONFIG_INVALID when the port is taken
 */
export const serve = async (port: number, gateway: Gateway): Promise<LocalServer> => {
  const listener = getRequestListener((request, bindings) => gateway(request, bindings as HttpBindings), {
    overrideGlobalObjects: false,
    // What HTTP allows and fetch's Request does not: a Host that is no host, a method such as TRACE.
    errorHandler: () => {
      const error = new SulcusError('INVALID_REQUEST', 'expected a well-formed HTTP request, received another');
      const { status, body } = toErrorResponse(error, crypto.randomUUID());
      return Response.json(body, { status });
    },
  });
  const server = createServer(listener);
  server.on('checkContinue', (incoming, outgoing) => {
    expectBody(incoming, outgoing, bodyLimit(incoming));
    void listener(incoming, outgoing);
  });
  await listen(server, port);
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}`,
    close: async (withinMs) => {
      const timer = setTimeout(() => server.closeAllConnections(), withinMs);
      // A connection kept alive is idle only once its last answer is out.
      const idle = setInterval(() => server.closeIdleConnections(), 20);
      await new Promise((resolve) => server.close(resolve));
      clearTimeout(timer);
      clearInterval(idle);
    },
  };
};

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const received = cause.code === 'EADDRINUSE' ? 'which is in use' : `which cannot be opened (${cause.code})`;
      reject(new SulcusError('CONFIG_INVALID', `expected a free port, received ${port}, ${received}`, { cause }));
    });
    server.listen(port, HOST, resolve);
  });
