import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Passwords of the local stack. They hold letters and digits only, so that they fit into URLs and configuration files. */
export type Secrets = {
  postgresPassword: string;
  taskApiPassword: string;
  userApiPassword: string;
  redisPassword: string;
};

/** Reads the secrets; makes them at the first call, in a file that only its owner can read. */
export function loadSecrets(path: string): Secrets {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Secrets;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  mkdirSync(dirname(path), { recursive: true });
  const secrets: Secrets = {
    postgresPassword: randomPassword(),
    taskApiPassword: randomPassword(),
    userApiPassword: randomPassword(),
    redisPassword: randomPassword(),
  };
  const complete = `${path}.${process.pid}`;
  writeFileSync(complete, JSON.stringify(secrets, undefined, 2), { mode: 0o600 });
  try {
    linkSync(complete, path);
    return secrets;
  } catch (error) {
    // Another process was quicker: its secrets hold.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return loadSecrets(path);
    throw error;
  } finally {
    rmSync(complete, { force: true });
  }
}

function randomPassword(): string {
  return randomBytes(24).toString('hex');
}
