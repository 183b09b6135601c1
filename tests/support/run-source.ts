import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { repositoryRoot } from '../../local/paths.js';

/** A test's program, as a separate process. */
export interface RunningProgram {
  process: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** The lines of stdout that are JSON. */
  log(): Record<string, unknown>[];
  /** Resolves when it has ended. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }>;
}

/** Lets Node load TypeScript, with a faster start than ts-node: `./x.js` is found in `x.ts`, types are stripped. */
const HOOK = `
const Module = require('node:module');
const { transformFileSync } = require('@swc/core');
const options = { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } };
Module._extensions['.ts'] = (module, file) => module._compile(transformFileSync(file, options).code, file);
const resolve = Module._resolveFilename;
Module._resolveFilename = (request, parent, ...rest) =>
  resolve(parent?.filename?.endsWith('.ts') ? request.replace(/^([.].*)[.]js$/, '$1') : request, parent, ...rest);
`;

/** Runs a TypeScript source with plain Node, together with the packages' sources. @param file absolute */
export function runSource(file: string, env: Record<string, string> = {}): RunningProgram {
  const child = spawn(
    process.execPath,
    ['-C', 'millrace-source', '-e', `${HOOK} require(${JSON.stringify(file)})`],
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
