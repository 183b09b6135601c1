import { join } from 'node:path';
import { repositoryRoot } from '../../local/paths.js';
import { startStack } from '../../local/stack.js';
import { countCompletions } from './completions.js';
import type { Contestant } from './contestant.js';

/** This product, whole, with one replica of each service. @param checkout whose compiled services to run */
export async function startMillrace(name: string, checkout = repositoryRoot): Promise<Contestant> {
  const completions = countCompletions();
  const stack = await startStack({
    port: 'free',
    onLine: completions.onLine,
    serviceCommand: ({ service }) => ({
      command: process.execPath,
      args: ['dist/main.js'],
      cwd: join(checkout, 'services', service),
    }),
  });
  return {
    name,
    url: stack.url,
    completed: completions.count,
    holdWorkers: (hold) => stack.process('queue-worker-1').kill(hold ? 'SIGSTOP' : 'SIGCONT'),
    stop: () => stack.stop(),
  };
}
