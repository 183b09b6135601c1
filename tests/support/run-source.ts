import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { repositoryRoot } from '../../local/paths.js';

/** A program of the test's, as a process of its own. */
export interface RunningProgram {
  process: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** The lines of stdout that are JSON. */
  log(): Record<string, unknown>[];
  /** Resolves when it has ended. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }>;
}

/** Runs a TypeScript source with plain Node, and the packages' sources with it. @param file absolute */
export function runSource(file: string, env: Record<string, string> = {}): RunningProgram {
  const register = `require('ts-node').register({ swc: true, experimentalResolver: true, compilerOptions: { module: 'commonjs' } })`;
  const child = spawn(
    process.execPath,
    ['-C', 'millrace-source', '-e', `${register}; require(${JSON.stringify(file)})`],
    { cwd: repositoryRoot, env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    stdout,
    stderr,
  }));
  return {
    process: child,
    stdout: () => stdout,
    stderr: () => stderr,
    log: () =>
      stdout
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    ended,
  };
}
