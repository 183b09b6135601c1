#!/usr/bin/env node
// Changes the number of replicas of the running local stack: npm run scale -- blur-worker=4 web-gateway=2. Without arguments, it shows what
// runs. The stack listens on a socket in its data folder (local/stack/control.ts).
import { request } from 'node:http';
import { dirname, join, relative } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const NO_STACK = new Set(['ENOENT', 'ECONNREFUSED']);

async function main(words) {
  const { status, body } = await ask(words.length > 0 ? { method: 'POST', body: words.join(' ') } : {});
  const { error, url, scale } = JSON.parse(body);
  if (status !== 200) throw new Error(error);
  console.log(url);
  for (const [service, replicas] of Object.entries(scale)) {
    console.log(`${service.padEnd(14)}${String(replicas).padStart(3)}`);
  }
}

function ask({ method = 'GET', body = '' }) {
  // A socket's path is limited to about 100 characters; a relative path is shorter.
  const socketPath = relative(process.cwd(), join(root, '.local', 'control'));
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path: '/scale', method, agent: false }, (response) => {
      text(response).then((answer) => resolve({ status: response.statusCode, body: answer }), reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

main(process.argv.slice(2)).catch((error) => {
  if (NO_STACK.has(error.code))
    console.error('No local stack is running here, or it is not ready yet: npm start');
  else if (error.code === 'ECONNRESET') console.error('The stack has just stopped.');
  else console.error(error.message);
  process.exitCode = 1;
});
