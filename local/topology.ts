import { freePort } from './ports.js';
import type { PostgresServer } from './postgres.js';

export const serviceNames = [
  'web-gateway',
  'task-api',
  'user-api',
  'text-worker',
  'blur-worker',
  'bw-worker',
  'queue-worker',
] as const;

export type ServiceName = (typeof serviceNames)[number];

/** How many replicas each service has. */
export type Scale = Record<ServiceName, number>;

export type Replica = {
  service: ServiceName;
  /** e.g. blur-worker-1 */
  name: string;
  /** On 127.0.0.1; stays the same when the replica is restarted. */
  port: number;
  url: string;
};

/** What a service needs of the rest of the stack. */
type Needs = {
  postgresRole?: keyof PostgresServer['roles'];
  redis?: true;
  /** The services that it calls. */
  calls?: readonly ServiceName[];
};

export const needsOf: Record<ServiceName, Needs> = {
  'web-gateway': {
    redis: true,
    calls: ['task-api', 'user-api', 'text-worker', 'blur-worker', 'bw-worker', 'queue-worker'],
  },
  'task-api': { postgresRole: 'task_api', redis: true },
  'user-api': { postgresRole: 'user_api' },
  'text-worker': {},
  'blur-worker': {},
  'bw-worker': {},
  'queue-worker': { redis: true, calls: ['task-api', 'text-worker', 'blur-worker', 'bw-worker'] },
};

/** Reads what stands after `--scale`, e.g. ['blur-worker=4']; services that are not named have one replica. */
export function parseScale(values: readonly string[]): Scale {
  const scale = Object.fromEntries(serviceNames.map((name) => [name, 1])) as Scale;
  for (const value of values) {
    const [, name = '', count = ''] = /^(.*?)=(.*)$/.exec(value) ?? [];
    if (!isServiceName(name) || !/^[1-9]\d?$/.test(count)) {
      throw new Error(
        `--scale takes SERVICE=NUMBER with a number from 1 to 99, not "${value}". Services: ${serviceNames.join(', ')}.`,
      );
    }
    scale[name] = Number(count);
  }
  return scale;
}

function isServiceName(name: string): name is ServiceName {
  return (serviceNames as readonly string[]).includes(name);
}

export async function planReplicas(scale: Partial<Scale> = {}): Promise<Replica[]> {
  const replicas: Replica[] = [];
  for (const service of serviceNames) {
    for (let number = 1; number <= (scale[service] ?? 1); number += 1) {
      const port = await freePort();
      replicas.push({ service, name: `${service}-${number}`, port, url: `http://127.0.0.1:${port}` });
    }
  }
  return replicas;
}

export type Connections = { postgres?: PostgresServer; redisUrl?: string };

/** The environment variables of one replica, as its `config.ts` expects them. */
export function environmentOf(
  replica: Replica,
  replicas: readonly Replica[],
  { postgres, redisUrl }: Connections,
): Record<string, string> {
  const { postgresRole, redis, calls = [] } = needsOf[replica.service];
  const environment: Record<string, string> = {
    PORT: String(replica.port),
    HOST: '127.0.0.1',
    POD_NAME: replica.name,
    // Nginx has stopped by then, or goes on to another replica: Ctrl-C need not wait for a balancer to notice.
    SHUTDOWN_DRAIN_MS: '100',
    SHUTDOWN_TIMEOUT_MS: '3000',
  };
  if (postgresRole && postgres) {
    const { user, password } = postgres.roles[postgresRole];
    Object.assign(environment, {
      POSTGRES_HOST: postgres.host,
      POSTGRES_PORT: String(postgres.port),
      POSTGRES_DB: postgres.database,
      POSTGRES_USER: user,
      POSTGRES_PASSWORD: password,
    });
  }
  if (redis && redisUrl) environment.REDIS_URL = redisUrl;
  for (const service of calls)
    environment[`${screamingCase(service)}_URLS`] = urlsOf(service, replicas).join(',');
  return environment;
}

function urlsOf(service: ServiceName, replicas: readonly Replica[]): string[] {
  return replicas.filter((replica) => replica.service === service).map(({ url }) => url);
}

/** blur-worker → BLUR_WORKER */
export function screamingCase(service: string): string {
  return service.toUpperCase().replaceAll('-', '_');
}
