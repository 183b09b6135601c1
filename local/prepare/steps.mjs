// Commands that take a while, each with a line about it; their output is only shown when they fail.
import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { performance } from 'node:perf_hooks';
import { clearTimeout, setInterval, setTimeout } from 'node:timers';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const running = new Set();

/** Runs a command; throws with its output when it fails. */
export async function step(label, command, args, options = {}) {
  const failure = await runStep(label, command, args, options);
  if (failure) throw new Error(`${failure}\n${label} failed.${hintFor(failure)}`);
}

/** Runs a command; returns whether it succeeded. */
export async function tryStep(label, command, args) {
  return (await runStep(label, command, args, {})) === undefined;
}

/** Returns the command's output when it fails. `quietMs`: faster commands are not worth a line. */
async function runStep(label, command, args, { cwd = root, quietMs = 0 }) {
  const startedAt = performance.now();
  const announce = () => process.stdout.write(`${label}…\n`);
  const announcement = quietMs > 0 ? setTimeout(announce, quietMs) : announce();

  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  const status = await new Promise((resolve) => {
    child.on('close', (code, signal) => resolve(code ?? signal));
    child.on('error', (error) => resolve(error.message));
  });
  running.delete(child);

  clearTimeout(announcement);
  if (status !== 0) return output.trim() || `${command}: ${status}`;
  const ms = performance.now() - startedAt;
  if (ms >= quietMs) process.stdout.write(`${label}: done in ${(ms / 1000).toFixed(1)} s\n`);
  return undefined;
}

/** Ends the process with status 1, with the error as the last output. */
export function reportFailure(error) {
  console.error(error.message + (error.code ? hintFor(error.message) : ''));
  process.exitCode = 1;
}

/** What a person can do about the most common causes outside this repository. */
function hintFor(failure) {
  if (/ENOSPC|EDQUOT|no space left on device|disk quota exceeded/i.test(failure))
    return ` The disk is full: free some space, then start again.`;
  if (/EROFS|read-only file system/i.test(failure))
    return ` ${root} is read-only: copy it to a folder you can write to, and start it there.`;
  if (/EACCES|EPERM|permission denied/i.test(failure))
    return ` Something in ${root} belongs to another user: sudo chown -R "$(id -un)" '${root}', then start again.`;
  if (/ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ENETUNREACH/.test(failure))
    return ' Is this machine online, and are the proxy variables of your shell (http_proxy, npm_config_proxy) right?';
  return '';
}

/**
 * Ctrl-C reaches every process of the terminal, but `kill` only npm's shell, which ends without telling anyone: its commands would continue
 * unnoticed.
 */
export function stopWithParent() {
  const parent = process.ppid;
  const stop = (status) => {
    for (const child of running) child.kill('SIGTERM');
    process.exit(status);
  };
  process.on('SIGINT', () => stop(130));
  process.on('SIGTERM', () => stop(143));
  process.on('SIGHUP', () => stop(129));
  setInterval(() => {
    if (process.ppid !== parent) stop(143);
  }, 500).unref();
}
