import { createHttpApp, type Lifecycle, type Logger } from '@millrace/chassis';
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
}

export function createApp({ postgres, ...basics }: Dependencies): Express {
  return createHttpApp({
    ...basics,
    service: 'user-api',
    checks: [postgres],
    healthPaths: ['/user/health'],
    routes: [homeRoutes(basics.pod), userRoutes(createUserStore(postgres))],
  });
}
