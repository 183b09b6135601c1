import type { ServiceHealth } from '@millrace/contracts';
import { type RequestHandler, Router } from 'express';
import type { Lifecycle } from '../process/lifecycle.js';
import { methodNotAllowed } from './method-not-allowed.js';
import { shareFor } from '../work/share-for.js';
import { within } from '../work/within.js';

/** A dependency without which the service cannot do its work. */
export interface DependencyCheck {
  name: string;
  /** Resolves when the dependency works; rejects when it does not, or does not respond. */
  check: () => Promise<unknown>;
}

const CHECK_TIMEOUT_MS = 2_000;

/** How long a health report is cached: the checks do real work, and anybody can ask. */
export const HEALTH_SHARED_MS = 1_000;

/** All packages and services are released together, under one number. */
// eslint-disable-next-line @typescript-eslint/no-require-imports -- so that bundles contain it and need no file
const { version } = require('../../package.json') as { version: string };

export interface HealthOptions {
  /** The service's name, as in its folder. */
  service: string;
  /** The replica's name. */
  pod: string;
  lifecycle: Lifecycle;
  /** What /health checks. Default: nothing. */
  checks?: DependencyCheck[];
  /** Additional paths of /health, for a service whose public prefix is not stripped. */
  healthPaths?: string[];
  /** Handles /health instead of the checks. */
  health?: RequestHandler;
}

/**
 * Three questions, three answers:
 * - `/livez`: is the process alive? If not, restart it. Ignores dependencies: a restart would not fix them.
 * - `/readyz`: may it get traffic? Not before it has started and not while it drains. A dependency that is down does
 *   not matter: otherwise all replicas would leave at once, and clients would get nothing instead of a clear 503.
 * - `/health`: can it do its work, including dependencies? For people, dashboards and the gateway. Checked at most once a second.
 */
export function healthRoutes(options: HealthOptions): Router {
  const router = Router();
  router.route('/livez').get(livez).all(methodNotAllowed);
  router.route('/readyz').get(readyz(options.lifecycle)).all(methodNotAllowed);
  router
    .route(['/health', ...(options.healthPaths ?? [])])
    .get(options.health ?? healthHandler(options))
    .all(methodNotAllowed);
  return router;
}

const livez: RequestHandler = (_req, res) => {
  res.json({ status: 'alive' });
};

function readyz(lifecycle: Lifecycle): RequestHandler {
  return (_req, res) => {
    const phase = lifecycle.phase();
    res.status(phase === 'ready' ? 200 : 503).json({ status: phase });
  };
}

/** Answers with a ServiceHealth: 200 when all checks pass, else 503. */
function healthHandler(options: HealthOptions): RequestHandler {
  const check = shareFor(HEALTH_SHARED_MS, () => checkHealth(options));
  return async (_req, res) => {
    const health = await check();
    const status = options.lifecycle.phase() === 'starting' ? 'unhealthy' : health.status;
    res
      .status(status === 'healthy' ? 200 : 503)
      .set('Cache-Control', 'no-store')
      .json({ ...health, status });
  };
}

/** Runs all checks at once. A check that takes longer than 2 s has failed. */
export async function checkHealth({
  service,
  pod,
  checks = [],
}: Pick<HealthOptions, 'service' | 'pod' | 'checks'>): Promise<ServiceHealth> {
  const results = await Promise.all(checks.map(run));
  return {
    status: results.every(({ status }) => status === 'healthy') ? 'healthy' : 'unhealthy',
    service,
    pod,
    version,
    uptime_s: Math.round(process.uptime()),
    checks: Object.fromEntries(results.map(({ name, ...result }) => [name, result])),
  };
}

async function run({ name, check }: DependencyCheck) {
  const begun = performance.now();
  const tooLate = () => new Error('no response in time');
  const status = await within(CHECK_TIMEOUT_MS, check(), tooLate).then(
    () => 'healthy' as const,
    () => 'unhealthy' as const,
  );
  return { name, status, latency_ms: Math.round(performance.now() - begun) };
}
