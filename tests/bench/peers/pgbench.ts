import { execFile } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { systemEnvironment } from '../../../local/supervise/environment.js';
import type { Stack } from '../../../local/stack/stack.js';
import { type Bench, Skipped } from '../row.js';

const run = promisify(execFile);

/** What PostgreSQL itself can do: 10 clients that repeat one prepared statement. */
export interface Pgbench {
  /** @returns statements per second */
  measure(stack: Stack): Promise<number>;
}

const CLIENTS = 10;

/** @param sql one statement, in the schema of task-api. @throws Skipped when there is no pgbench and none can be installed */
export async function preparePgbench(bench: Bench, name: string, sql: string): Promise<Pgbench> {
  const program = findPgbench() ?? (await installPgbench(bench));
  const script = join(bench.folder, `${name}.sql`);
  writeFileSync(script, `${sql};\n`);
  return {
    async measure({ postgres: { host, port, user, password, database } }) {
      const options = [
        '-n',
        '-M',
        'prepared',
        '-c',
        CLIENTS,
        '-j',
        2,
        '-T',
        Math.ceil(bench.settings.seconds),
      ];
      const connection = ['-h', host, '-p', port, '-U', user];
      const { stdout } = await run(program, [...options, '-f', script, ...connection, database].map(String), {
        env: { ...systemEnvironment(), PGPASSWORD: password, PGOPTIONS: '-c search_path=tasks' },
        signal: bench.signal,
      });
      const [, tps] = /^tps = ([\d.]+)/m.exec(stdout) ?? [];
      if (!tps || !/failed transactions: 0 /.test(stdout)) throw new Error(`pgbench says:\n${stdout}`);
      return Number(tps);
    },
  };
}

/** Debian keeps it beside the server; the wrapper in the PATH may exist without it. */
function findPgbench(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian)
    ? readdirSync(debian).sort((one, other) => Number(other) - Number(one))
    : [];
  const folders = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  return folders.map((folder) => join(folder, 'pgbench')).find(existsSync);
}

async function installPgbench({ progress, signal }: Bench): Promise<string> {
  if (!existsSync('/usr/bin/apt-get') || process.getuid?.() !== 0)
    throw new Skipped('pgbench is not installed; it comes with PostgreSQL (on Debian: postgresql-contrib)');
  progress('installs pgbench (apt-get install postgresql-contrib)');
  // Only the programs, without a cluster of the system.
  const env = { ...systemEnvironment(), DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await run('apt-get', ['update'], { env, signal });
    await run(
      'apt-get',
      [
        'install',
        '-y',
        '--no-install-recommends',
        '-o',
        'Dpkg::Options::=--force-confold',
        'postgresql-contrib',
      ],
      { env, signal },
    );
  } catch (error) {
    signal.throwIfAborted();
    throw new Skipped(`pgbench could not be installed: ${(error as Error).message.split('\n')[0]}`);
  }
  const program = findPgbench();
  if (!program) throw new Skipped('pgbench is not in postgresql-contrib here');
  return program;
}
