/**
 * Signs webhooks as https://www.standardwebhooks.com/ has it: HMAC-SHA256 of id, time and body, so that none of them can
 * be changed and an old delivery cannot be sent again later.
 */

export interface WebhookHeaders {
  readonly 'webhook-id': string;
  /** Seconds since the epoch. */
  readonly 'webhook-timestamp': string;
  readonly 'webhook-signature': string;
}

const fromBase64 = (text: string): Uint8Array<ArrayBuffer> | undefined => {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
};

/** `whsec_` announces base64; any other text is itself the key. */
const keyOf = (secret: string): Uint8Array<ArrayBuffer> => {
  const decoded = secret.startsWith('whsec_') ? fromBase64(secret.slice('whsec_'.length)) : undefined;
  return decoded !== undefined && decoded.length > 0 ? decoded : new TextEncoder().encode(secret);
};

const toBase64 = (bytes: ArrayBuffer): string => btoa(String.fromCharCode(...new Uint8Array(bytes)));

const signatureOf = async (secret: string, content: string): Promise<string> => {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', keyOf(secret), algorithm, false, ['sign']);
  return `v1,${toBase64(await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(content)))}`;
};

/**
 * @param secret one, or several separated by white space while they are rotated: one signature each
 * @param now milliseconds since the epoch
 */
export const signWebhook = async (secret: string, id: string, body: string, now: number): Promise<WebhookHeaders> => {
  const timestamp = String(Math.floor(now / 1000));
  const secrets = secret.split(/\s+/).filter((text) => text !== '');
  const signatures = await Promise.all(secrets.map((one) => signatureOf(one, `${id}.${timestamp}.${body}`)));
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
};
