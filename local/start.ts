import { join } from 'node:path';
import { readArguments, usage, type Arguments } from './arguments.js';
import { openControl } from './control.js';
import { openGuard } from './guard.js';
import { listenForInterruption } from './interruption.js';
import { isNoise, makePrinter } from './output.js';
import { repositoryRoot } from './paths.js';
import { startStack, type Stack } from './stack.js';
import { serviceNames } from './topology.js';

async function main(): Promise<void> {
  const options = readArguments(process.argv.slice(2), process.env);
  if (options.help) {
    process.stdout.write(usage);
    return;
  }

  const isTerminal = process.stdout.isTTY;
  const print = makePrinter({
    write: (text) => process.stdout.write(text),
    width: Math.max(...serviceNames.map((name) => name.length + 2)),
    color: isTerminal && !process.env.NO_COLOR,
    pretty: isTerminal,
  });
  const say = (line: string) => print('millrace', line);

  const dataDir = join(repositoryRoot, '.local');
  const guard = await openGuard(dataDir, say);
  const interruption = new AbortController();
  listenForInterruption({
    onFirst: () => {
      say('stopping (once more to kill everything at once)');
      interruption.abort(new Error('stopped'));
    },
    onSecond: () => {
      guard.killAll();
      process.exit(130);
    },
  });

  try {
    const { signal } = interruption;
    const onLine = (source: string, line: string) => {
      if (!isNoise(source, line)) print(source, line);
    };
    const stack = await startStack({ ...options, dataDir, guard, onLine, onEvent: say, signal });
    const control = await openControl(dataDir, stack);
    welcome(stack, options, say);
    await aborted(signal);
    await stack.stop();
    await control.close();
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
  } finally {
    await guard.close();
  }
  say('stopped');
}

function welcome({ url, port }: Stack, { bind, watch }: Arguments, say: (line: string) => void): void {
  const home = bind ? url : `http://localhost:${port}`;
  say(
    `ready after ${process.uptime().toFixed(1)} s: ${home}${watch ? ' (restarts services on a change)' : ''}`,
  );
  say(`try: curl -X POST ${home}/api/add/task1`);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    // A timer, because a promise alone does not keep the process alive.
    const alive = setInterval(() => {}, 2 ** 30);
    signal.addEventListener('abort', () => {
      clearInterval(alive);
      resolve();
    });
  });
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    const { message, stack } = error as Error;
    process.stderr.write(`${process.env.LOG_LEVEL === 'debug' ? stack : message}\n`);
    process.exit(1);
  },
);
