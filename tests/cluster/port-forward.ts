import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface PortForward {
  url: string;
  stop(): Promise<void>;
}

/** Forwards a free port of this machine to a Service. @throws with kubectl's message when it cannot */
export async function portForward(namespace: string, service: string, port: number): Promise<PortForward> {
  const args = ['--namespace', namespace, 'port-forward', `service/${service}`, `:${port}`];
  const process = spawn('kubectl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const exit = once(process, 'exit');
  let complaints = '';
  process.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  for await (const line of createInterface(process.stdout)) {
    const [, local] = /^Forwarding from 127\.0\.0\.1:(\d+)/.exec(line) ?? [];
    if (!local) continue;
    const stop = async () => {
      process.kill();
      await exit;
    };
    // It writes a line for each connection.
    process.stdout.resume();
    return { url: `http://127.0.0.1:${local}`, stop };
  }
  throw new Error(`kubectl ${args.join(' ')}: ${complaints}`);
}
