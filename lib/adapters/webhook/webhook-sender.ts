import { type LookupAddress, lookup } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { SulcusError, toSulcusError } from '../../core/errors';
import type { WebhookSender } from '../../core/ports';
import { type AddressRules, assertWebhookUrl, isPrivateAddress } from './address-rules';

export interface WebhookSenderOptions extends AddressRules {
  /** For the whole exchange. @default 10000 */
  readonly timeoutMs?: number;
  /** @default the system's resolver */
  readonly resolve?: (hostname: string) => Promise<readonly LookupAddress[]>;
}

const systemResolve = (hostname: string): Promise<readonly LookupAddress[]> =>
  new Promise((done, fail) => {
    lookup(hostname, { all: true, verbatim: true }, (error, addresses) => (error ? fail(error) : done(addresses)));
  });

/**
 * A look-up that gives no private address. It is the one the connection itself uses, so a name cannot resolve to one
 * address when it is checked and to another when it is called.
 */
const guardedLookup =
  (resolve: NonNullable<WebhookSenderOptions['resolve']>, allowPrivate: boolean): LookupFunction =>
  (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const [first] = addresses;
        if (first === undefined || (!allowPrivate && addresses.some(({ address }) => isPrivateAddress(address)))) {
          const message = 'expected a public address behind the webhook, received none or a private one';
          callback(new SulcusError('WEBHOOK_UNDELIVERED', message), '', 0);
        } else if (options.all) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };

/** Sends over connections of its own: none is kept for a receiver that is called once in a while. */
export const createWebhookSender = (options: WebhookSenderOptions): WebhookSender => {
  const { allowPrivate, timeoutMs = 10_000, resolve = systemResolve } = options;
  return async (text, headers, body) => {
    const url = assertWebhookUrl(text, { allowPrivate });
    const { request } = url.protocol === 'https:' ? https : http;
    try {
      return await new Promise<number>((done, fail) => {
        const outgoing = request(url, {
          method: 'POST',
          headers: { ...headers, 'content-length': Buffer.byteLength(body) },
          lookup: guardedLookup(resolve, allowPrivate),
          signal: AbortSignal.timeout(timeoutMs),
          agent: false,
        });
        outgoing.on('error', fail);
        outgoing.on('response', (response) => {
          // What it says beside its status is nobody's business here.
          response.on('error', () => undefined);
          response.destroy();
          done(response.statusCode ?? 0);
        });
        outgoing.end(body);
      });
    } catch (error) {
      throw toSulcusError(error, 'WEBHOOK_UNDELIVERED', 'expected an answer of the webhook, received none');
    }
  };
};
