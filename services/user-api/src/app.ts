import { createHttpApp, type DependencyCheck, type Lifecycle, type Logger } from '@millrace/chassis';
import type { Postgres } from '@millrace/chassis/postgres';
import type { Express } from 'express';
import { homeRoutes } from './routes/home.js';
import { userRoutes } from './routes/users.js';
import { createUserStore } from './user-store.js';

export interface Dependencies {
  pod: string;
  logger: Logger;
  lifecycle: Lifecycle;
  postgres: Postgres;
  /** Whether PostgreSQL can do this service's work. */
  postgresCheck: DependencyCheck;
}

export function createApp({ postgres, postgresCheck, ...basics }: Dependencies): Express {
  return createHttpApp({
    ...basics,
    service: 'user-api',
    checks: [postgresCheck],
    healthPaths: ['/user/health'],
    routes: [homeRoutes(basics.pod), userRoutes(createUserStore(postgres))],
  });
}
