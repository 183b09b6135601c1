import { constants } from 'node:os';
import { join, relative } from 'node:path';
import { adviceFor, speaksOfFullDisk } from './advice.js';
import { readArguments, usage, type Arguments } from './arguments.js';
import { makeProgramCertificates } from '../certificates/programs.js';
import { type Https, openHttps } from './https.js';
import { openControl } from '../stack/control.js';
import { type IdentityProvider, startIdentityProvider } from '../identity-provider/start.js';
import { openGuard } from '../supervise/guard.js';
import { openInterruption } from '../supervise/interruption.js';
import { isNoise, makePrinter } from './output.js';
import { repositoryRoot } from '../paths.js';
import { startStack, type Stack } from '../stack/stack.js';
import { serviceNames } from '#topology';

const dataDir = join(repositoryRoot, '.local');
const minuteMs = 60_000;
/** The identity provider's port, counted from the public one. */
const PROVIDER_PORT_OFFSET = 1_000;

/** Returns the exit status. */
async function main(): Promise<number> {
  const options = readArguments(process.argv.slice(2), process.env);
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }

  const isTerminal = process.stdout.isTTY;
  const print = makePrinter({
    write: (text) => process.stdout.write(text),
    width: Math.max(...serviceNames.map((name) => name.length + 2)),
    color: isTerminal && !process.env.NO_COLOR,
    pretty: isTerminal,
  });
  const say = (line: string) => print('millrace', line);

  const guard = await openGuard(dataDir, say);
  const { signal, by } = openInterruption(guard, say);
  let wasReady = false;
  try {
    const sayDiskIsFull = atMostOnce(minuteMs, () =>
      say(`the disk with ${dataDir} is full: free some space, and everything recovers automatically`),
    );
    const onLine = (source: string, line: string) => {
      if (speaksOfFullDisk(line)) sayDiskIsFull();
      if (!isNoise(source, line)) print(source, line);
    };
    const surroundings = { guard, onLine, onEvent: say };
    const https = await openHttps(options, dataDir, { signal, say });
    const provider = options.auth
      ? await startIdentityProvider({
          ...surroundings,
          port: options.port + PROVIDER_PORT_OFFSET,
          home: https ? `https://localhost:${https.port}/` : `http://localhost:${options.port}/`,
          signal,
        })
      : undefined;
    const env = provider && { all: provider.settings };
    const tlsDir = options.tls ? await makeProgramCertificates(dataDir) : undefined;
    const stack = await startStack({ ...options, ...surroundings, https, tlsDir, dataDir, env, signal });
    const control = await openControl(dataDir, stack);
    welcome(stack, options, { provider, https }, say);
    await aborted(signal);
    wasReady = true;
    await stack.stop();
    await provider?.stop();
    await control.close();
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await guard.close();
  }
  say('stopped');
  // Once it is ready, being stopped is the normal way to end.
  const interruptedBy = wasReady ? undefined : by();
  return interruptedBy ? 128 + constants.signals[interruptedBy] : 0;
}

function welcome(
  { url, prometheus, traceStore }: Stack,
  { bind, watch }: Arguments,
  { provider, https }: { provider: IdentityProvider | undefined; https: Https | undefined },
  say: (line: string) => void,
): void {
  const home = bind ? url : url.replace('127.0.0.1', 'localhost');
  const curl = https?.caFile ? `curl --cacert ${relative(process.cwd(), https.caFile)}` : 'curl';
  say(
    `ready after ${process.uptime().toFixed(1)} s: ${home}${watch ? ' (services restart when their sources change)' : ''}`,
  );
  if (https?.caFile) say(`browsers warn until they trust ${https.caFile}: docs/LOCAL.md#https`);
  if (prometheus) say(`metrics and alerts: ${prometheus.url}`);
  if (traceStore) say(`traces: in the dialog of each job at ${home}/ui/jobs, and at ${home}/ui/images`);
  if (provider) {
    say(`users: ada, who is an administrator, and bob; their identity provider is ${provider.url}`);
    say(`sign in: open ${home} and type ada or bob; any password will do`);
    const token = `$(curl -s ${provider.url}/token/ada)`;
    say(`try: ${curl} -X POST -H "Authorization: Bearer ${token}" ${home}/api/add/task1`);
  } else say(`try: ${curl} -X POST ${home}/api/add/task1`);
}

function atMostOnce(ms: number, action: () => void): () => void {
  let last = -Infinity;
  return () => {
    if (performance.now() - last < ms) return;
    last = performance.now();
    action();
  };
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
  (status) => process.exit(status),
  (error: unknown) => {
    const { message, stack } = error as Error;
    const words = [process.env.LOG_LEVEL === 'debug' ? stack : message, adviceFor(message, dataDir)];
    process.stderr.write(`${words.filter(Boolean).join('\n')}\n`);
    process.exit(1);
  },
);
