import type { ServiceClient } from '@millrace/chassis/calls';
import { checkHealth, type DependencyCheck, HEALTH_SHARED_MS } from '@millrace/chassis/http';
import { shareFor } from '@millrace/chassis/work';
import { serviceHealthSchema, type SystemHealth } from '@millrace/contracts';
import type { RequestHandler } from 'express';

type ServiceState = SystemHealth['services'][string];

export interface SystemHealthOptions {
  pod: string;
  /** This service's own dependencies. */
  checks: DependencyCheck[];
  /** All other services. */
  services: ServiceClient[];
}

/**
 * GET /health for the whole product: asks every replica of every service. A service is healthy when one of its replicas is; the product is
 * (200, otherwise 503) when all its services are. It asks at most once a second, however often it is requested.
 */
export function systemHealth(options: SystemHealthOptions): RequestHandler {
  const check = shareFor(HEALTH_SHARED_MS, () => checkSystem(options));
  return async (_req, res) => {
    const health = await check();
    res
      .status(health.status === 'healthy' ? 200 : 503)
      .set('Cache-Control', 'no-store')
      .json(health);
  };
}

async function checkSystem({ pod, checks, services }: SystemHealthOptions): Promise<SystemHealth> {
  const states = await Promise.all([
    checkHealth({ service: 'web-gateway', pod, checks }).then((self) => summarize('web-gateway', [self])),
    ...services.map(async (service) => summarize(service.name, await askReplicas(service))),
  ]);
  const healthy = states.every(([, { status }]) => status === 'healthy');
  return { status: healthy ? 'healthy' : 'unhealthy', services: Object.fromEntries(states) };
}

function summarize(name: string, replicas: ServiceState['replicas']): [string, ServiceState] {
  const healthy = replicas.some(({ status }) => status === 'healthy');
  return [name, { status: healthy ? 'healthy' : 'unhealthy', replicas }];
}

async function askReplicas(service: ServiceClient): Promise<ServiceState['replicas']> {
  const answers = await service.requestEach({ method: 'GET', path: '/health', timeoutMs: 3_000 });
  return answers.map((answer) => {
    try {
      if (answer) return serviceHealthSchema.parse(JSON.parse(answer.body.toString()));
    } catch {
      // Not a health report: as bad as no response.
    }
    return { status: 'unhealthy' };
  });
}
