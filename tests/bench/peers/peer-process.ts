import { join } from 'node:path';
import { compiledScript, repositoryRoot } from '../../../local/paths.js';
import { freePort } from '../../../local/servers/ports.js';
import {
  type ProcessSpec,
  superviseProcess,
  type SupervisedProcess,
} from '../../../local/supervise/supervised-process.js';
import type { Bench } from '../row.js';
import { until } from '../../support/until.js';

/** A peer's process. Like our services, it writes its output into a pipe. */
export function startPeer(
  { guard }: Pick<Bench, 'guard'>,
  spec: ProcessSpec,
  onLine?: (source: string, line: string) => void,
): SupervisedProcess {
  return superviseProcess(spec, { guard, onLine });
}

/** How to run a TypeScript source of this folder. */
export function sourceCommand(name: string): Pick<ProcessSpec, 'name' | 'command' | 'args' | 'cwd'> {
  return {
    name,
    command: process.execPath,
    args: [
      '--conditions=millrace-source',
      '-r',
      compiledScript('register-source'),
      join(__dirname, `${name}.ts`),
    ],
    cwd: repositoryRoot,
  };
}

/** A peer that listens on the PORT it is given, and responds. @param env further variables */
export async function startHttpPeer(
  bench: Pick<Bench, 'guard'>,
  spec: ProcessSpec,
  env: Record<string, string> = {},
  port?: number,
): Promise<{ url: string; process: SupervisedProcess; stop(): Promise<void> }> {
  const ownPort = port ?? (await freePort());
  const url = `http://127.0.0.1:${ownPort}`;
  const peer = startPeer(bench, { ...spec, env: { ...process.env, PORT: String(ownPort), ...env } });
  try {
    await until(`${spec.name} answers`, () =>
      fetch(url).then(
        () => true,
        () => undefined,
      ),
    );
  } catch (error) {
    await peer.stop();
    throw new Error(`${spec.name} does not start:\n${peer.recentLines.join('\n')}`, { cause: error });
  }
  return { url, process: peer, stop: () => peer.stop() };
}
