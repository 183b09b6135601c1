import {
  type Allowance,
  type Authentication,
  createHttpApp,
  type DependencyCheck,
} from '@millrace/chassis/http';
import type { Lifecycle, Logger } from '@millrace/chassis/process';
import type { Postgres } from '@millrace/chassis/stores/postgres';
import type { Express } from 'express';
import { homeRoutes } from './users/home-route.js';
import { userRoutes } from './users/routes.js';
import { createUserStore } from './users/user-store.js';

export interface Dependencies {
  pod: string;
  logger: Logger;
  lifecycle: Lifecycle;
  auth?: Authentication | undefined;
  allowance?: Allowance | undefined;
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
