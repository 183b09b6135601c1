import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

const listener = `
  const server = require('net').createServer();
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));
`;

/**
 * Starts a listener that neither accepts nor refuses a connection, like a machine that was cut off from the network: a stopped process with
 * a full backlog.
 */
export async function startDeafListener(): Promise<{ port: number; stop(): Promise<void> }> {
  const child = spawn(process.execPath, ['-e', listener], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [printed] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(printed.toString());
  child.kill('SIGSTOP');

  const fillers: net.Socket[] = [];
  let isFull = false;
  while (!isFull) {
    const filler = net.connect(port, '127.0.0.1').on('error', () => undefined);
    fillers.push(filler);
    // On the loopback interface, the kernel completes a connection at once, or not at all; after a turn, we know of it.
    await sleep(100);
    await turn();
    isFull = filler.connecting;
  }
  return {
    port,
    stop: async () => {
      for (const filler of fillers) filler.destroy();
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}
