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
  /** As the owner of the schema, for what the service's role may not do. */
  own(statement: string): Promise<unknown>;
  stop(): Promise<void>;
}

/** @param dataDir default: a new folder, removed at the end */
export async function startTestPostgres(service: Service, dataDir?: string): Promise<TestPostgres> {
  const server = await startPostgres({ ...(dataDir && { dataDir }) });
  const link = await openLink(server.port);
  const config = { ...configOf(server, service), POSTGRES_PORT: link.port };
  const logger = silentLogger();
  await migrate({
    config: { ...config, ...accountOf(server, `${SERVICES[service].role}_migrate`) },
    directory: join(repositoryRoot, 'services', service, 'migrations'),
    schema: SERVICES[service].schema,
    logger,
  });
  const db = createPostgres(config, logger);
  const check = createPostgresCheck(config, SERVICES[service].table);
  const owner = createPostgres(
    { ...config, ...accountOf(server, `${SERVICES[service].role}_migrate`), POSTGRES_POOL_SIZE: 1 },
    logger,
  );
  return {
    server,
    link,
    config,
    db,
    check,
    own: (statement) => owner.query(statement),
    async stop() {
      check.close();
      await link.mend();
      await Promise.all([db.end(), owner.end()]);
      await link.close();
      await server.stop();
    },
  };
}

/** How the service reaches the server without a link. @param as the role; default: the service's own */
export function configOf(
  server: PostgresServer,
  service: Service,
  as: keyof PostgresServer['roles'] = SERVICES[service].role,
): PostgresConfig {
  return {
    POSTGRES_HOST: server.host,
    POSTGRES_PORT: server.port,
    POSTGRES_DB: server.database,
    ...accountOf(server, as),
    POSTGRES_POOL_SIZE: 10,
  };
}

function accountOf({ roles }: PostgresServer, role: keyof PostgresServer['roles']) {
  const { user, password } = roles[role];
  return { POSTGRES_USER: user, POSTGRES_PASSWORD: password };
}
