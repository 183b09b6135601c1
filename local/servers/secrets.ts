import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const names = [
  'postgresPassword',
  'taskApiPassword',
  'userApiPassword',
  'redisPassword',
  'redisWebGatewayPassword',
  'redisTaskApiPassword',
  'redisQueueWorkerPassword',
  'postgresMetricsPassword',
  'redisMetricsPassword',
] as const;

/** Passwords of the local stack. They consist of letters and digits, so that they fit into URLs and configuration files. */
export type Secrets = Record<(typeof names)[number], string>;

/** Reads the secrets. Missing ones are created, in a file that only its owner can read. */
export function loadSecrets(path: string): Secrets {
  const known = readSecrets(path);
  if (known && names.every((name) => known[name])) return known as Secrets;
  mkdirSync(dirname(path), { recursive: true });
  const made = Object.fromEntries(names.map((name) => [name, randomPassword()])) as Secrets;
  const secrets = { ...made, ...known };
  const complete = `${path}.${process.pid}`;
  writeFileSync(complete, JSON.stringify(secrets, undefined, 2), { mode: 0o600 });
  try {
    // An earlier release created fewer.
    if (known) renameSync(complete, path);
    else linkSync(complete, path);
    return secrets;
  } catch (error) {
    // Another process was faster: its secrets are used.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return loadSecrets(path);
    throw error;
  } finally {
    rmSync(complete, { force: true });
  }
}

function readSecrets(path: string): Partial<Secrets> | undefined {
  try {
    return parseSecrets(readFileSync(path, 'utf8'), path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** An unreadable file is replaced unless there is a database, which keeps its passwords. */
function parseSecrets(text: string, path: string): Partial<Secrets> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Reported below.
  }
  if (!existsSync(join(dirname(path), 'postgres'))) {
    rmSync(path);
    return undefined;
  }
  throw new Error(
    `${path} is ${text.trim() === '' ? 'empty' : 'damaged'}: it has the passwords of the database next to it. ` +
      `Restore that file, or remove ${dirname(path)} to start over.`,
  );
}

function randomPassword(): string {
  return randomBytes(24).toString('hex');
}
