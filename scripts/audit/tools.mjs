// The tools, in .local/audit: installed by npm, pip and Go from the lock files of this folder, which pin every package by its hash.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const home = process.env.AUDIT_TOOLS ?? join(here, '../../.local/audit');

const installers = {
  npm: {
    locks: ['package.json', 'package-lock.json'],
    bin: join(home, 'npm/node_modules/.bin'),
    commands: (folder) => [['npm', 'ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund']],
    needs: 'npm and access to its registry',
  },
  pip: {
    locks: ['requirements.txt'],
    bin: join(home, 'pip/venv/bin'),
    commands: (folder) => [
      ['python3', '-m', 'venv', join(folder, 'venv')],
      [
        join(folder, 'venv/bin/pip'),
        ...['install', '--quiet', '--disable-pip-version-check', '--only-binary', ':all:'],
        ...['--require-hashes', '--requirement', join(folder, 'requirements.txt')],
      ],
    ],
    needs: 'Python 3.10 or newer with venv, and access to PyPI',
  },
  go: {
    locks: ['go.mod', 'go.sum'],
    bin: join(home, 'go/bin'),
    commands: (folder) => [
      ['go', 'build', '-C', folder, '-mod=readonly', '-o', `${join(folder, 'bin')}/`, 'tool'],
    ],
    needs: 'Go 1.25 or newer, and access to its module proxy',
  },
};

/**
 * Whether a tool is there in the pinned version.
 *
 * @param from the installer that it comes from
 * @param install whether to install it if it is not
 * @throws when it cannot be installed, saying what is needed
 */
export function installed(name, from, install) {
  const { locks, commands, needs } = installers[from];
  const folder = join(home, from);
  const stamp = join(folder, 'installed');
  const pinned = locks.map((file) => readFileSync(join(here, file), 'utf8')).join('');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === pinned) return true;
  if (!install) return false;
  console.error(`Installing ${name} and the other tools from ${from}…`);
  mkdirSync(folder, { recursive: true });
  for (const file of locks) copyFileSync(join(here, file), join(folder, file));
  for (const [command, ...args] of commands(folder)) {
    const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    if (status !== 0)
      throw new Error(
        `it could not be installed. It needs ${needs}.\n${error?.message ?? `${stdout}${stderr}`.trim()}`,
      );
  }
  writeFileSync(stamp, pinned);
  return true;
}

/** The path of an installed tool. */
export function toolPath(name, from) {
  return join(installers[from].bin, name);
}

/** Runs an installed tool in the current folder. */
export function run(name, from, args) {
  const { status, error, stdout, stderr } = spawnSync(toolPath(name, from), args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return { status, output: error?.message ?? `${stdout}${stderr}` };
}
