import { join } from 'node:path';
import type { PostgresConfig } from '@millrace/chassis/process';
import {
  createPostgres,
  createPostgresCheck,
  migrate,
  type Postgres,
  type PostgresCheck,
} from '@millrace/chassis/stores/postgres';
import { repositoryRoot } from '../../local/paths.js';
import { type PostgresServer, startPostgres } from '../../local/servers/postgres.js';
import { type Link, openLink } from './link.js';
import { silentLogger } from './service-basics.js';

const SERVICES = {
  'task-api': { role: 'task_api', schema: 'tasks', table: 'jobs' },
  'user-api': { role: 'user_api', schema: 'users', table: 'users' },
} as const;

type Service = keyof typeof SERVICES;

/** The test's own PostgreSQL, as a service finds it: with its schema, reached over a link that can be damaged. */
export interface TestPostgres {
  server: PostgresServer;
  link: Link;
  /** The service's URL, over the link. */
  config: PostgresConfig;
  /** The service's pool, over the link. */
  db: Postgres;
  /** The service's check, over the link. */
  check: PostgresCheck;
  stop(): Promise<void>;
}

/** @param dataDir default: a new folder, removed at the end */
export async function startTestPostgres(service: Service, dataDir?: string): Promise<TestPostgres> {
  const server = await startPostgres({ ...(dataDir && { dataDir }) });
  const link = await openLink(server.port);
  const config = { ...configOf(server, service), POSTGRES_PORT: link.port };
  const logger = silentLogger();
  await migrate({
    config,
    directory: join(repositoryRoot, 'services', service, 'migrations'),
    schema: SERVICES[service].schema,
    logger,
  });
  const db = createPostgres(config, logger);
  const check = createPostgresCheck(config, SERVICES[service].table);
  return {
    server,
    link,
    config,
    db,
    check,
    async stop() {
      check.close();
      await link.mend();
      await db.end();
      await link.close();
      await server.stop();
    },
  };
}

/** How the service reaches the server without a link. */
export function configOf(server: PostgresServer, service: Service): PostgresConfig {
  const { user, password } = server.roles[SERVICES[service].role];
  return {
    POSTGRES_HOST: server.host,
    POSTGRES_PORT: server.port,
    POSTGRES_DB: server.database,
    POSTGRES_USER: user,
    POSTGRES_PASSWORD: password,
    POSTGRES_POOL_SIZE: 10,
  };
}
