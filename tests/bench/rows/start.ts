import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { repositoryRoot } from '../../../local/paths.js';
import { freePort } from '../../../local/servers/ports.js';
import type { ServiceName } from '#topology';
import { milliseconds } from '../measure/describe.js';
import { inRounds, ratios } from '../measure/rounds.js';
import { type Command, commandOf } from '../peers/running-command.js';
import type { Row } from '../row.js';

const GOAL = { atMost: 0.55 };

/** One that needs nothing, one with sharp, one with Redis. Services with migrations first wait for PostgreSQL, which is not part of their start. */
const SERVICES: ServiceName[] = ['text-worker', 'blur-worker', 'web-gateway'];
const DEADLINE_MS = 20_000;

export const start: Row = {
  name: 'start',
  title:
    'from the start of the process to listening, as npm start runs services, against the compiler’s output on plain Node',
  goals: { start: GOAL },
  uses: ['fresh'],
  async run(bench) {
    const stack = await bench.stack('fresh');
    const times = bench.settings.short ? 1 : 3;
    const measureAll = async (command: (running: Command, service: ServiceName) => Command) => {
      let total = 0;
      for (const service of SERVICES)
        for (let time = 0; time < times; time += 1) {
          bench.signal.throwIfAborted();
          const running = commandOf(stack.process(`${service}-1`).pid!);
          total += await timeToListen(command(running, service), bench.guard);
        }
      return total / (times * SERVICES.length);
    };
    const measured = await inRounds(bench, {
      ours: () => measureAll((running) => running),
      theirs: () => measureAll(compiled),
    });
    const detail = `ours ${milliseconds(measured.ours)}, the compiler's output ${milliseconds(measured.theirs)} (means of ${SERVICES.join(', ')})`;
    return [{ name: 'start', values: ratios(measured.ours, measured.theirs), goal: GOAL, detail }];
  },
};

function compiled({ env }: Command, service: ServiceName): Command {
  const plain = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('NODE_')));
  return {
    argv: [process.execPath, 'dist/main.js'],
    cwd: join(repositoryRoot, 'services', service),
    env: plain,
  };
}

/** @returns ms */
async function timeToListen(
  { argv: [program, ...args], cwd, env }: Command,
  guard: { add(pid: number, signal: NodeJS.Signals): void; remove(pid: number): void },
): Promise<number> {
  const port = await freePort();
  const begun = performance.now();
  const child = spawn(program!, args, {
    cwd,
    env: { ...env, PORT: String(port), SHUTDOWN_DRAIN_MS: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const pid = child.pid!;
  guard.add(pid, 'SIGKILL');
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
  try {
    for await (const line of createInterface({ input: child.stdout }))
      if (line.includes('"listening"')) return performance.now() - begun;
    throw new Error(`${[program, ...args].join(' ')} in ${cwd} does not come to listen.`);
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
    await exited;
    guard.remove(pid);
  }
}
