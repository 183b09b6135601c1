import { isIPv6 } from 'node:net';

/**
 * Identifies a client by its address: an IPv4 address, or an IPv6 /64 network, which belongs to one household or machine
 * (RFC 6177). Anything else is used as is, truncated to 64 characters. Clients behind one address (an office, a proxy in front of Nginx) count
 * as one.
 */
export function clientOf(address: string | undefined): string | undefined {
  if (!address?.includes(':')) return address?.slice(0, 64);
  // IPv4, as dual-stack sockets show it.
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!isIPv6(plain)) return plain.slice(0, 64);
  const [head = [], tail = []] = plain.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0');
  const groups = [...head, ...zeros, ...tail].slice(0, 4);
  return `${groups.map((group) => parseInt(group, 16).toString(16)).join(':')}::/64`;
}
