import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Guard } from '../../../local/supervise/guard.js';
import { compiledScript } from '../../../local/paths.js';
import type { Load, LoadResult } from './load.js';

/** Sends requests from a separate process, the same one for every contestant. */
export interface LoadGenerator {
  /** One load at a time. */
  send(load: Load): Promise<LoadResult>;
  stop(): Promise<void>;
}

type Reply = { result: LoadResult } | { error: string };

/** @param signal ends the running loads */
export function startLoadGenerator(guard: Guard, signal: AbortSignal): LoadGenerator {
  const child = fork(join(__dirname, 'generator.ts'), {
    execArgv: ['--conditions=millrace-source', '-r', compiledScript('register-source')],
    detached: true,
    serialization: 'advanced',
  });
  const { pid } = child;
  if (pid !== undefined) guard.add(pid, 'SIGTERM');
  const exited = once(child, 'exit').then(() => {
    if (pid !== undefined) guard.remove(pid);
    return { error: 'The load generator has ended.' } satisfies Reply;
  });
  return {
    async send(load) {
      const reply = once(child, 'message', { signal }).then(([message]) => message as Reply);
      child.send(load);
      const answer: Reply = await Promise.race([reply, exited]);
      if ('error' in answer) throw new Error(answer.error);
      return answer.result;
    },
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
