import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json, text } from 'node:stream/consumers';

/** Lambda's side of the Runtime API, for one container: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html */
export interface RuntimeApi {
  /** For AWS_LAMBDA_RUNTIME_API. */
  readonly address: string;
  /** Settles when the runtime asks for its first event, rejects when it reports that it cannot start. */
  readonly initialised: Promise<void>;
  /** One event at a time, as in Lambda. @returns what the handler answered; rejects with what it threw */
  invoke(event: unknown, timeoutMs?: number): Promise<unknown>;
  close(): void;
}

interface Pending {
  readonly id: string;
  readonly event: unknown;
  readonly deadlineMs: number;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

const PREFIX = '/2018-06-01/runtime';

export const openRuntimeApi = async (): Promise<RuntimeApi> => {
  let waiting: ServerResponse | undefined;
  let pending: Pending | undefined;
  let started: () => void = () => undefined;
  let failed: (error: Error) => void = () => undefined;
  const initialised = new Promise<void>((resolve, reject) => {
    started = resolve;
    failed = reject;
  });

  const hand = (): void => {
    if (waiting === undefined || pending === undefined) return;
    waiting.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': pending.id,
      'lambda-runtime-deadline-ms': String(pending.deadlineMs),
      'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:eu-central-1:000000000000:function:sulcus',
      'lambda-runtime-trace-id': 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0',
    });
    waiting.end(JSON.stringify(pending.event));
    waiting = undefined;
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? '';
    if (path === `${PREFIX}/invocation/next`) {
      started();
      waiting = response;
      return hand();
    }
    if (path === `${PREFIX}/init/error`) {
      failed(new Error(`expected a runtime that starts, received ${await text(request)}`));
    } else if (path === `${PREFIX}/invocation/${pending?.id}/response`) {
      pending?.resolve(await json(request));
    } else if (path === `${PREFIX}/invocation/${pending?.id}/error`) {
      pending?.reject(new Error(`expected an answer of the handler, received ${await text(request)}`));
    } else {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(202).end();
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => (pending === undefined ? failed(error) : pending.reject(error)));
  });
  // The runtime holds one connection open while it waits for its next event, however long that is.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    initialised,
    invoke: (event, timeoutMs = 29_000) =>
      new Promise((resolve, reject) => {
        pending = { id: randomUUID(), event, deadlineMs: Date.now() + timeoutMs, resolve, reject };
        hand();
      }),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};
