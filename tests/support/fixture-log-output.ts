import { setImmediate as nextTurn } from 'node:timers/promises';
import { createLogger } from '@millrace/chassis/process';

// Logs LINES numbered lines of a thousand characters, a hundred in each turn of the event loop, reports that on stderr, and ends as END
// says.

const logger = createLogger('fixture', { LOG_LEVEL: 'info', POD_NAME: 'fixture-1' });
const filler = 'x'.repeat(1_000);

async function logLines(): Promise<void> {
  for (let number = 0; number < Number(process.env['LINES']); number += 1) {
    if (number % 100 === 0) await nextTurn();
    logger.info({ number, filler }, 'numbered');
  }
}

const ends: Record<string, () => void> = {
  'by itself': () => undefined,
  'by process.exit': () => process.exit(3),
  'by an error': () => {
    throw new Error('broken');
  },
  'by SIGKILL in the next turn': () => setImmediate(() => process.kill(process.pid, 'SIGKILL')),
  'by SIGTERM': () => setInterval(() => undefined, 1_000),
};

void logLines().then(() => {
  process.stderr.write('logged\n');
  // In the same turn, but not inside the promise, which would turn it into a different error.
  process.nextTick(ends[process.env['END']!]!);
});
