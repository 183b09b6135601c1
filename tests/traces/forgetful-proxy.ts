import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { type Listener, listen } from '../support/listen.js';

/**
 * A proxy in front of task-api that removes the trace context from the jobs that workers claim.
 *
 * @param replicas the file that lists where task-api is, as a URL
 */
export function openForgetfulProxy(replicas: string): Promise<Listener> {
  const server = createServer((req, res) => {
    const { method, headers } = req;
    const [target] = readFileSync(new URL(replicas), 'utf8').split('\n');
    const onwards = request(`${target}${req.url}`, { method, headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => {
        const body =
          req.url === '/internal/jobs/claims' ? forget(Buffer.concat(parts)) : Buffer.concat(parts);
        res.writeHead(answer.statusCode!, { ...answer.headers, 'content-length': body.length });
        res.end(body);
      });
    });
    onwards.on('error', () => res.destroy());
    req.pipe(onwards);
  });
  return listen(server);
}

function forget(body: Buffer): Buffer {
  return Buffer.from(body.toString().replace(/"traceparent":"[^"]*"/g, '"traceparent":null'));
}
