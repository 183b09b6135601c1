import { join } from 'node:path';
import { type ServiceName, serviceNames, services, variableName } from '#topology';
import { freePort } from '../servers/ports.js';
import type { PostgresServer } from '../servers/postgres.js';
import type { RedisServer } from '../servers/redis.js';
import { replicaFileUrl } from './replica-files.js';

/** How many replicas each service has. */
export type Scale = Record<ServiceName, number>;

export type PlannedReplica = {
  service: ServiceName;
  /** e.g. blur-worker-1 */
  name: string;
  /** On 127.0.0.1; stays the same when the replica is restarted. */
  port: number;
  url: string;
  /** Where it serves its metrics. Undefined: nowhere. */
  metricsPort?: number;
  /** Where it answers probes, if its own port requires a certificate. */
  probePort?: number;
};

/** Parses command-line words, e.g. ['blur-worker=4']. */
export function parseScale(values: readonly string[]): Partial<Scale> {
  const scale: Partial<Scale> = {};
  for (const value of values) {
    const [, name = '', count = ''] = /^(.*?)=(.*)$/.exec(value) ?? [];
    if (!isServiceName(name) || !/^[1-9]\d?$/.test(count)) {
      throw new Error(
        `Use SERVICE=NUMBER with a number from 1 to 99, not "${value}". Services: ${serviceNames.join(', ')}.`,
      );
    }
    scale[name] = Number(count);
  }
  return scale;
}

/** How many of these replicas belong to each service. */
export function scaleOf(replicas: readonly PlannedReplica[]): Scale {
  const scale = Object.fromEntries(serviceNames.map((name) => [name, 0])) as Scale;
  for (const { service } of replicas) scale[service] += 1;
  return scale;
}

function isServiceName(name: string): name is ServiceName {
  return (serviceNames as readonly string[]).includes(name);
}

/**
 * The replicas to add to the existing ones; one of each service by default.
 *
 * @param ports whether they serve metrics and probes on separate ports. Default: like the existing ones
 */
export async function planReplicas(
  scale: Partial<Scale> = {},
  present: readonly PlannedReplica[] = [],
  ports = {
    metrics: present.some(({ metricsPort }) => metricsPort !== undefined),
    probes: present.some(({ probePort }) => probePort !== undefined),
  },
): Promise<PlannedReplica[]> {
  const have = scaleOf(present);
  const replicas: PlannedReplica[] = [];
  for (const service of serviceNames) {
    for (let number = have[service] + 1; number <= (scale[service] ?? 1); number += 1) {
      const port = await freePort();
      replicas.push({
        service,
        name: `${service}-${number}`,
        port,
        url: `http://127.0.0.1:${port}`,
        ...(ports.metrics && { metricsPort: await freePort() }),
        ...(ports.probes && { probePort: await freePort() }),
      });
    }
  }
  return replicas;
}

export type Connections = {
  postgres?: PostgresServer;
  redis?: Pick<RedisServer, 'urls'>;
  /** As in `DataDirOptions`. */
  tlsDir?: string | undefined;
  /** Where the replica files are. */
  dataDir: string;
};

/** Longer than the slowest request: an image effect, including waiting (EFFECT_TIMEOUT_MS). */
export const drainPatienceMs = 130_000;

/** The environment variables of one replica, as its `config.ts` expects them. */
export function environmentOf(
  replica: PlannedReplica,
  { postgres, redis, dataDir, tlsDir }: Connections,
): Record<string, string> {
  const needs = services[replica.service];
  const environment: Record<string, string> = {
    PORT: String(replica.port),
    HOST: '127.0.0.1',
    POD_NAME: replica.name,
    // Nginx has stopped by then, or switches to another replica: Ctrl-C does not have to wait for a load balancer to notice.
    SHUTDOWN_DRAIN_MS: '100',
    // The supervisor decides how long a stop may take, and only allows more time when it scales down.
    SHUTDOWN_TIMEOUT_MS: String(drainPatienceMs + 10_000),
  };
  if (replica.metricsPort !== undefined) environment.METRICS_PORT = String(replica.metricsPort);
  if (replica.probePort !== undefined) environment.PROBE_PORT = String(replica.probePort);
  if (tlsDir !== undefined) environment.TLS_DIR = join(tlsDir, replica.service);
  if (needs.postgres && postgres)
    Object.assign(environment, postgresEnvironment(postgres, needs.postgres.role));
  if (needs.redis && redis) environment.REDIS_URL = redis.urls[needs.redis.user];
  if (needs.publicPaths && redis) environment.RATE_LIMIT_REDIS_URL = redis.urls.rate_limits;
  for (const service of Object.keys(needs.calls ?? {}) as ServiceName[])
    environment[`${variableName(service)}_URLS`] = replicaFileUrl(dataDir, service);
  return environment;
}

export function postgresEnvironment(
  { host, port, database, roles }: PostgresServer,
  role: keyof PostgresServer['roles'],
): Record<string, string> {
  const { user, password } = roles[role];
  return {
    POSTGRES_HOST: host,
    POSTGRES_PORT: String(port),
    POSTGRES_DB: database,
    POSTGRES_USER: user,
    POSTGRES_PASSWORD: password,
  };
}
