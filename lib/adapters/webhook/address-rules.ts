import { BlockList, isIP } from 'node:net';
import { SulcusError } from '../../core/errors';

/**
 * Addresses that mean this machine, its network or its cloud's metadata service. A webhook must not become a way to
 * reach them: https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry.
 */
const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  PRIVATE.addSubnet(network, prefix, 'ipv4');
  // The same address as IPv6 writes it.
  PRIVATE.addSubnet(`::ffff:${network}`, 96 + prefix, 'ipv6');
}
for (const [network, prefix] of [
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  PRIVATE.addSubnet(network, prefix, 'ipv6');
}

/** @param address as text, IPv4 or IPv6 @returns true also for what is no address */
export const isPrivateAddress = (address: string): boolean => {
  const family = isIP(address);
  return family === 0 || PRIVATE.check(address, family === 6 ? 'ipv6' : 'ipv4');
};

export interface AddressRules {
  /** Allow http and private addresses: for a receiver on the same machine. */
  readonly allowPrivate: boolean;
}

/**
 * The URL, if a webhook may have it: https without credentials, and no private address written out. Names are looked
 * at again once they are resolved, by the sender.
 * @throws CONFIG_INVALID
 */
export const assertWebhookUrl = (text: string, { allowPrivate }: AddressRules): URL => {
  const url = URL.canParse(text) ? new URL(text) : null;
  const protocols = allowPrivate ? ['https:', 'http:'] : ['https:'];
  if (url === null || !protocols.includes(url.protocol)) {
    const expected = allowPrivate ? 'an http or https URL' : 'an https URL';
    throw new SulcusError('CONFIG_INVALID', `expected ${expected} for the webhook, received another`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new SulcusError('CONFIG_INVALID', 'expected a webhook URL without credentials, received one with them');
  }
  const host = hostOf(url);
  if (!allowPrivate && (host === 'localhost' || (isIP(host) !== 0 && isPrivateAddress(host)))) {
    throw new SulcusError('CONFIG_INVALID', 'expected a public address for the webhook, received a private one');
  }
  return url;
};

/** Without the brackets of IPv6. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');
