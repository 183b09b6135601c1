import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';

/**
 * The client that a request comes from, for counting what one client has: its IPv4 address, or its IPv6 network of 64 bits, all of
 * whose addresses are its own. Nginx sets X-Real-IP on every request, over whatever the client says, and nothing else is let in.
 * Clients behind one address (an office, a proxy before Nginx) are one client.
 */
export function clientAddress(req: IncomingMessage): string {
  const given = req.headers['x-real-ip'];
  return networkOf(typeof given === 'string' ? given : (req.socket.remoteAddress ?? ''));
}

function networkOf(address: string): string {
  // IPv4 as a socket for both shows it.
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!isIPv6(plain)) return plain;
  const [head = [], tail = []] = plain.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0');
  const groups = [...head, ...zeros, ...tail].slice(0, 4);
  return `${groups.map((group) => parseInt(group, 16).toString(16)).join(':')}::/64`;
}
