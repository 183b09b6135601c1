import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const requirements = join(dirname(fileURLToPath(import.meta.url)), 'requirements.txt');

/**
 * Installs schemathesis as pinned, unless it is there.
 *
 * @param home its own folder
 * @returns the path of its command
 */
export function install(home) {
  const [venv, stamp] = [join(home, 'venv'), join(home, 'installed')];
  const command = join(venv, 'bin/schemathesis');
  const pinned = readFileSync(requirements, 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === pinned) return command;
  mkdirSync(home, { recursive: true });
  const quietly = ['--quiet', '--disable-pip-version-check', '--only-binary', ':all:', '--require-hashes'];
  run('python3', '-m', 'venv', venv);
  run(join(venv, 'bin/pip'), 'install', ...quietly, '--requirement', requirements);
  writeFileSync(stamp, pinned);
  return command;
}

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (status === 0) return;
  throw new Error('schemathesis could not be installed: it needs Python 3.10 or newer and access to PyPI.', {
    cause: error,
  });
}
