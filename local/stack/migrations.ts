import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type ServiceName, serviceNames, services } from '#topology';
import type { PostgresServer } from '../servers/postgres.js';
import { serviceEnvironment } from '../supervise/environment.js';
import type { ProcessSpec } from '../supervise/supervised-process.js';
import { postgresEnvironment } from './replicas.js';

/** The services with their own database schema. */
export const migratingServices = serviceNames.filter((name) => services[name].postgres);

/**
 * Brings the database schema of a service up to date, in a separate process, the only one with the password for that.
 *
 * @param spec how the service is run
 */
export async function runMigrations(
  service: ServiceName,
  { command, args, cwd }: Pick<ProcessSpec, 'command' | 'args' | 'cwd'>,
  {
    postgres,
    tlsDir,
    signal,
  }: { postgres: PostgresServer; tlsDir?: string | undefined; signal: AbortSignal },
): Promise<void> {
  const needs = services[service].postgres;
  if (!needs) return;
  const env = {
    ...serviceEnvironment(),
    ...postgresEnvironment(postgres, `${needs.role}_migrate`),
    ...(tlsDir !== undefined && { TLS_DIR: join(tlsDir, service) }),
  };
  try {
    await promisify(execFile)(command, [...(args ?? []), 'migrate'], { cwd, env, signal });
  } catch (error) {
    signal.throwIfAborted();
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`The migrations of ${service} failed:\n${stdout}${stderr}`, { cause: error });
  }
}
