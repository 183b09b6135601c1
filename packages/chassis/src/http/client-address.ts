import { isIPv6 } from 'node:net';

/**
 * Who counts as one client, by its address: an IPv4 address, or an IPv6 network of 64 bits, all of whose addresses one household or machine
 * has to itself (RFC 6177). Anything else as it is, cut to 64 characters. Clients behind one address (an office, a proxy before Nginx) are one
 * client.
 */
export function clientOf(address: string | undefined): string | undefined {
  if (!address?.includes(':')) return address?.slice(0, 64);
  // IPv4 as a socket for both shows it.
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!isIPv6(plain)) return plain.slice(0, 64);
  const [head = [], tail = []] = plain.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0');
  const groups = [...head, ...zeros, ...tail].slice(0, 4);
  return `${groups.map((group) => parseInt(group, 16).toString(16)).join(':')}::/64`;
}
