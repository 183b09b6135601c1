import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openGuard, type Guard } from './guard.js';
import type { ProcessSpec } from './supervised-process.js';

/** A folder that every user may enter, as PostgreSQL's user must when the tests run as root. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  chmodSync(folder, 0o711);
  return folder;
}

/** Calls `use` with a guarded temporary folder, and removes it afterwards. */
export async function withGuard(use: (guard: Guard, folder: string) => Promise<void>): Promise<void> {
  const folder = temporaryFolder();
  const guard = await openGuard(folder);
  try {
    await use(guard, folder);
  } finally {
    await guard.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A process that runs this JavaScript. */
export function scriptSpec(script: string): ProcessSpec {
  return { name: 'script', command: process.execPath, args: ['-e', script] };
}

/**
 * Stands in for every service: ready at once, and responds to everything with its name, `?delay=` ms after it has said so. Ends when its last
 * request is answered.
 */
export const stubService = `
  const { createServer } = require('http');
  const server = createServer((request, response) => {
    const delay = Number(new URL(request.url, 'http://any').searchParams.get('delay'));
    if (delay) console.log('delayed');
    setTimeout(() => response.end(process.env.POD_NAME + ' ' + process.env.GREETING), delay);
  });
  server.listen(process.env.PORT, process.env.HOST);
  process.on('SIGTERM', () => server.close());`;
