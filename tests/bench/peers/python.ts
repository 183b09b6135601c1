import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemEnvironment } from '../../../local/supervise/environment.js';
import { repositoryRoot } from '../../../local/paths.js';
import { type Bench, Skipped } from '../row.js';

const run = promisify(execFile);

/** Kept for later runs; `npm start` has its data beside it. */
const folder = join(repositoryRoot, '.local', 'bench-python');
const requirements = join(__dirname, 'requirements.txt');

/** A Python with the peers' packages from PyPI, in its own folder. @returns its bin folder. @throws Skipped */
export async function preparePython({ progress, signal }: Bench): Promise<string> {
  const bin = join(folder, 'bin');
  const installed = join(folder, 'installed.txt');
  const wanted = readFileSync(requirements, 'utf8');
  if (existsSync(installed) && readFileSync(installed, 'utf8') === wanted) return bin;
  progress('installs Flask, gunicorn and Celery from PyPI');
  const options = { env: systemEnvironment(), signal };
  try {
    rmSync(folder, { recursive: true, force: true });
    await run('python3', ['-m', 'venv', folder], options);
    await run(join(bin, 'pip'), ['install', '--quiet', '--requirement', requirements], options);
    writeFileSync(installed, wanted);
  } catch (error) {
    signal.throwIfAborted();
    throw new Skipped(
      `Python's packages could not be installed (python3 with venv, and PyPI, are needed): ${(error as Error).message.split('\n')[0]}`,
    );
  }
  return bin;
}
