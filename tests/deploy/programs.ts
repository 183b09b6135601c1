import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const root = join(__dirname, '../..');

/** What deploy.sh may find on any machine. Everything else exists only when a test puts it there. */
const everywhere = [
  'awk',
  'base64',
  'bash',
  'cat',
  'chmod',
  'cp',
  'cut',
  'dirname',
  'env',
  'git',
  'grep',
  'head',
  'id',
].concat(['mktemp', 'od', 'paste', 'printf', 'rm', 'sed', 'sort', 'tail', 'tr', 'uname', 'wc']);

/** What a program prints for arguments that match a shell pattern; the first match counts. */
export interface Answer {
  to: string;
  says?: string;
  complains?: string;
  fails?: boolean;
  /** Used once: the next time a later one counts. */
  once?: boolean;
}

/**
 * A machine with exactly these programs, to simulate what is not available here: an old cluster, a remote one, or none. Nothing on it waits.
 */
export interface Machine {
  run(script: string, args: string[], env?: NodeJS.ProcessEnv): Promise<Outcome>;
  remove(): Promise<void>;
}

export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
  /** Every call of the programs, as it was typed. */
  calls: string[];
}

export async function machine(programs: Record<string, Answer[]>): Promise<Machine> {
  const home = await mkdtemp(join(tmpdir(), 'millrace-deploy-'));
  const bin = join(home, 'bin');
  const log = join(home, 'calls');
  await mkdir(bin);
  await writeFile(log, '');
  for (const name of everywhere) await symlink(await which(name), join(bin, name));
  for (const [name, answers] of Object.entries({ sleep: [], ...programs })) {
    const file = join(bin, name);
    await writeFile(file, program(name, answers, log, home));
    await chmod(file, 0o755);
  }
  return {
    run: (script, args, env = {}) =>
      new Promise((resolve) => {
        const options = { cwd: root, env: { PATH: bin, HOME: home, TMPDIR: home, ...env } };
        execFile(join(bin, 'bash'), [script, ...args], options, (error, stdout, stderr) => {
          void readFile(log, 'utf8').then((calls) => {
            const status = error === null ? 0 : Number(error.code);
            resolve({ status, stdout, stderr, calls: calls.split('\n').filter((call) => call !== '') });
          });
        });
      }),
    remove: () => rm(home, { recursive: true }),
  };
}

function program(name: string, answers: Answer[], log: string, home: string): string {
  const branches = answers.map(({ to, says = '', complains = '', fails = false, once = false }, index) => {
    const used = join(home, `${name}-${index}`);
    const condition = once ? `[ ! -e ${used} ] && : >${used} && ` : '';
    return `case "$*" in ${to.replaceAll(' ', '\\ ')}) ${condition}{ printf '%s' ${quoted(says)}; printf '%s' ${quoted(complains)} >&2; exit ${fails ? 1 : 0}; } ;; esac`;
  });
  return ['#!/bin/bash', `echo "${name} $*" >>${log}`, ...branches, 'exit 0', ''].join('\n');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function which(name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('bash', ['-c', `type -P ${name}`], (error, stdout) => {
      if (error)
        reject(new Error(`${name} is not in ${(process.env['PATH'] ?? '').split(delimiter).join(', ')}`));
      else resolve(stdout.trim());
    });
  });
}
