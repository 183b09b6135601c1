import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const root = join(__dirname, '../..');

/** What `npm start`, and programs that use the started stack, need of a checkout, besides node_modules. */
const parts = [
  'load-test.sh',
  'local',
  'nginx',
  'packages',
  'postgres',
  'redis',
  'scripts',
  'services',
  'topology',
  'package.json',
  'tsconfig.base.json',
  'tsconfig.json',
];

export interface Checkout {
  folder: string;
  /** The processes that run in the folder, or from its files, with their command lines. */
  processes(): { pid: number; command: string }[];
  killAll(): void;
  /** Ends what still runs there, and removes the folder. */
  remove(): void;
}

/** Copies this checkout, with its build, so that it can be started beside the original and its data. */
export function copyCheckout(): Checkout {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-checkout-'));
  // PostgreSQL's user must be able to enter it.
  chmodSync(folder, 0o711);
  const filter = (path: string) => basename(path) !== 'node_modules';
  for (const part of parts)
    cpSync(join(root, part), join(folder, part), { recursive: true, preserveTimestamps: true, filter });
  copyFileSync(join(root, 'node_modules/.package-lock.json'), join(folder, 'package-lock.json'));
  linkModules(folder);

  const processes = () =>
    listProcesses().filter((entry) => entry.places.some((place) => place.includes(folder)));
  const killAll = () => {
    for (const { pid } of processes()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has just ended.
      }
    }
  };
  return {
    folder,
    processes,
    killAll,
    remove() {
      killAll();
      // Those that were killed may still be writing.
      rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
    },
  };
}

/** The same npm packages, unchanged: npm must not install into linked folders. The links of the workspaces point into the copy. */
function linkModules(folder: string): void {
  const [from, to] = [join(root, 'node_modules'), join(folder, 'node_modules')];
  mkdirSync(join(to, '@millrace'), { recursive: true });
  for (const name of readdirSync(from).filter((entry) => entry !== '@millrace'))
    symlinkSync(join(from, name), join(to, name));
  for (const name of readdirSync(join(from, '@millrace')))
    symlinkSync(readlinkSync(join(from, '@millrace', name)), join(to, '@millrace', name));
}

function listProcesses(): { pid: number; command: string; places: string[] }[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return [{ pid: Number(pid), command, places: [command, readlinkSync(`/proc/${pid}/cwd`)] }];
    } catch {
      // It has just ended, or belongs to another user.
      return [];
    }
  });
}
