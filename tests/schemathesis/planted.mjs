// Faults that schemathesis must find: `npm run test:schemathesis -- --planted` succeeds when it does.
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import http from 'node:http';
import { URL } from 'node:url';

/** By operation: which requests are answered wrongly, how, and what schemathesis calls that. */
export const PLANTED = {
  createTask: {
    hits: ({ method, url }, body) =>
      method === 'POST' && url === '/api/tasks' && /"priority": ?"high"/.test(body),
    status: 500,
    finding: 'Server error',
  },
  getTask: {
    hits: ({ method, url }) => method === 'GET' && /^\/api\/tasks\/[^/?]*0[^/?]*$/.test(url),
    status: 200,
    finding: 'Response violates schema',
  },
};

/** A proxy in front of a stack. @returns its URL, and how to stop it */
export async function plant(stackUrl) {
  const target = new URL(stackUrl);
  const server = http.createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    const fault = Object.values(PLANTED).find(({ hits }) => hits(request, body.toString()));
    if (fault) {
      const { status } = fault;
      const named = { 'X-Request-Id': 'planted', 'X-Served-By': 'planted' };
      const problem = {
        type: 'about:blank',
        title: 'Planted',
        status,
        detail: 'A fault.',
        request_id: 'planted',
      };
      response.writeHead(status, {
        ...named,
        'Content-Type': status === 200 ? 'application/json' : 'application/problem+json',
      });
      response.end(JSON.stringify(problem));
      return;
    }
    const { method, url: path, headers } = request;
    const onward = http.request({ host: target.hostname, port: target.port, method, path, headers });
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    onward.end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
