import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';

/** What is not the public internet: https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry. */
const NOT_PUBLIC = new BlockList();
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
] as const)
  NOT_PUBLIC.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  ['::', 96],
  // IPv4 in another guise: translated (RFC 2765), and tunnelled by Teredo, which is among those of protocols
  ['::ffff:0:0:0', 96],
  ['2001::', 23],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const)
  NOT_PUBLIC.addSubnet(network, prefix, 'ipv6');

/** A network with IPv6 alone reaches public IPv4 hosts by this prefix and their address (RFC 6052). */
const TRANSLATED = new BlockList();
TRANSLATED.addSubnet('64:ff9b::', 96, 'ipv6');

/** Whether an IP address is of this machine or of a network around it, and no host of the internet; false for what is no IP address. */
export function isPrivateAddress(address: string): boolean {
  const plain = address.replace(/^\[|\]$|%.*$/g, '');
  const version = isIP(plain);
  if (version === 0) return false;
  if (version === 4) return NOT_PUBLIC.check(plain, 'ipv4');
  if (TRANSLATED.check(plain, 'ipv6')) return NOT_PUBLIC.check(lastFourBytes(plain), 'ipv4');
  return NOT_PUBLIC.check(plain, 'ipv6');
}

/** The IPv4 address in the end of an IPv6 one. */
function lastFourBytes(address: string): string {
  // a URL writes both halves in hexadecimal, whatever they were given in
  const [high = '0', low = '0'] = new URL(`http://[${address}]`).hostname.slice(1, -1).split(':').slice(-2);
  const bits = Number.parseInt(high || '0', 16) * 2 ** 16 + Number.parseInt(low || '0', 16);
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');
}

/** Whether a host, by name or address, is private as far as can be told without asking DNS. */
export function isPrivateHost(hostname: string): boolean {
  return /(?:^|\.)(?:localhost|local|internal|home\.arpa)\.?$/i.test(hostname) || isPrivateAddress(hostname);
}

/** … and asking it. A name that is not known is not private. */
export async function leadsToPrivateHost(hostname: string): Promise<boolean> {
  if (isPrivateHost(hostname)) return true;
  const addresses = await lookup(hostname, { all: true }).catch(() => []);
  return addresses.some(({ address }) => isPrivateAddress(address));
}
