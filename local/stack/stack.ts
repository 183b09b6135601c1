import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { startExporters } from '../observe/exporters.js';
import { type PrometheusServer, startPrometheus } from '../observe/prometheus.js';
import { writeTargets } from '../observe/targets.js';
import { openDataDir, type DataDirOptions } from '../servers/data-dir.js';
import { serviceEnvironment } from '../supervise/environment.js';
import { startTraceStore, type TraceStoreServer } from '../trace-store/start.js';
import { waitUntilHealthy, type RunningReplica } from './health.js';
import { startNginx, type NginxServer } from '../servers/nginx.js';
import type { HttpsOptions } from '../servers/nginx-settings.js';
import { compiledScript, repositoryRoot } from '../paths.js';
import { assertPublicPort, freePort, hasIpv6Loopback } from '../servers/ports.js';
import { startPostgres, type PostgresServer } from '../servers/postgres.js';
import { startRedis, type RedisServer } from '../servers/redis.js';
import { migratingServices, runMigrations } from './migrations.js';
import { writeReplicaFiles } from './replica-files.js';
import { makeScaling, type Scaling } from './scaling.js';
import {
  superviseProcess,
  type ProcessSpec,
  type SupervisedProcess,
} from '../supervise/supervised-process.js';
import { serviceNames, type ServiceName, services } from '#topology';
import { environmentOf, planReplicas, type PlannedReplica, type Scale } from './replicas.js';
import { watchSources } from './watch-sources.js';

export { startPostgres, type PostgresServer } from '../servers/postgres.js';
export { startRedis, type RedisServer } from '../servers/redis.js';

export type StackOptions = DataDirOptions & {
  /** The public port, or 'free' for any free one. */
  port: number | 'free';
  /** Serves HTTPS as well; plain HTTP redirects there. Default: off. */
  https?: (Omit<HttpsOptions, 'port'> & { port: number | 'free' }) | undefined;
  /** The address to listen on. Default: the loopback addresses only. */
  bind?: string;
  /** Replicas of each service. Default: 1. */
  scale?: Partial<Scale>;
  /** Further environment variables: of every service (`all`), and of single ones, which take precedence. */
  env?: Partial<Record<ServiceName | 'all', Record<string, string>>>;
  /** Runs the services from their sources and restarts them on a change. Default: false. */
  watch?: boolean;
  /**
   * Makes every replica serve metrics, starts Prometheus and the exporters if they are installed, and starts a trace store, unless the shell
   * says where traces go. Default: false.
   */
  observe?: boolean;
  /** How long to wait until the stack is healthy. Default: 60,000 ms; in watch mode forever. */
  deadlineMs?: number;
  /** How to run a replica. Default: its compiled `main.js`, or its source in watch mode. */
  serviceCommand?: (replica: PlannedReplica) => Pick<ProcessSpec, 'command' | 'args' | 'cwd'>;
};

export type Stack = {
  /** Of the public endpoint, without a trailing slash: `https:` with that option. */
  url: string;
  /** For plain HTTP. */
  port: number;
  postgres: PostgresServer;
  redis: RedisServer;
  nginx: NginxServer;
  /** With `observe`, where it is installed. */
  prometheus: PrometheusServer | undefined;
  /** With `observe`, unless the shell says where spans go. */
  traceStore: TraceStoreServer | undefined;
  /** The running replicas. */
  readonly replicas: readonly RunningReplica[];
  /** Changes services' numbers of replicas while requests are running, none of which fails. See `Scaling`. */
  scale: Scaling['scale'];
  /** By name: `blur-worker-1`, `postgres`, `redis`, `nginx`. Throws, listing the names, when there is no such process. */
  process(name: string): SupervisedProcess;
  /** Stops everything in order: nginx, services, Redis and PostgreSQL. Idempotent. */
  stop(): Promise<void>;
};

/** Starts the whole stack as local processes and waits until it is healthy. A failed start leaves nothing behind. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { onLine, onEvent, watch = false, observe = false, scale, bind, tlsDir } = options;
  const hosts = bind ? [bind] : (await hasIpv6Loopback()) ? ['127.0.0.1', '::1'] : ['127.0.0.1'];
  const port = await portOf(options.port);
  await assertPublicPort(port, hosts);
  const https = options.https && { ...options.https, port: await portOf(options.https.port) };
  if (https) await assertPublicPort(https.port, hosts, 'HTTPS_PORT');

  const dataDir = await openDataDir(options);
  const surroundings = { guard: dataDir.guard, onLine, onEvent };
  const ending = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, ending.signal]) : ending.signal;
  // While all replicas are asked whether they are ready, each question listens to it; Node warns at eleven.
  setMaxListeners(0, signal);
  const parts = { ...surroundings, dataDir: dataDir.path, signal, tlsDir };

  const serviceProcesses: SupervisedProcess[] = [];
  let stopWatching = () => Promise.resolve();
  let nginx: NginxServer | undefined;
  let postgres: PostgresServer | undefined;
  let redis: RedisServer | undefined;
  let prometheus: PrometheusServer | undefined;
  let traceStore: TraceStoreServer | undefined;
  let scaling: Scaling | undefined;

  const stop = async () => {
    ending.abort(new Error('The stack is stopping.'));
    await stopWatching();
    await nginx?.stop();
    await prometheus?.process.stop(5_000);
    await Promise.all(serviceProcesses.map((process) => process.stop(3_000)));
    await scaling?.idle();
    await Promise.all([postgres?.stop(), redis?.stop(), traceStore?.process.stop(2_000)]);
    await dataDir.close();
  };

  const startReplica = (replica: PlannedReplica): RunningReplica => {
    signal.throwIfAborted();
    const env = {
      ...traceStore?.settings,
      ...serviceEnvironment(),
      ...environmentOf(replica, { postgres, redis, dataDir: dataDir.path, tlsDir }),
      ...options.env?.all,
      ...options.env?.[replica.service],
    };
    const { command, args, cwd } = (options.serviceCommand ?? serviceCommand(watch))(replica);
    const supervised = superviseProcess({ name: replica.name, command, args, cwd, env }, surroundings);
    serviceProcesses.push(supervised);
    return { ...replica, process: supervised };
  };

  /** The services wait for it. Test programs that replace them have no migrations. */
  const migrateSchema = async (service: ServiceName) => {
    if (!postgres || options.serviceCommand) return;
    await runMigrations(service, serviceCommand(watch)({ service }), { postgres, tlsDir, signal });
  };

  /** Tells the callers of services, and Prometheus, which replicas there are. */
  const publishLists = (replicas: readonly PlannedReplica[]) => {
    writeReplicaFiles(dataDir.path, replicas);
    if (observe) writeTargets(dataDir.path, replicas);
  };

  /** Rebuilds the UI when its sources change; the gateway reads it from the disk for every request. */
  const startBundler = () => {
    const cwd = join(repositoryRoot, 'services', 'web-gateway');
    const spec = { name: 'ui', command: process.execPath, args: ['ui/build.mjs', '--watch'], cwd };
    serviceProcesses.push(superviseProcess(spec, surroundings));
  };

  const starting: Promise<unknown>[] = [];
  try {
    signal.throwIfAborted();
    const planned = await planReplicas(scale, [], { metrics: observe, probes: tlsDir !== undefined });
    publishLists(planned);
    if (observe) {
      prometheus = await startPrometheus({ ...surroundings, dataDir: dataDir.path });
      traceStore = await startTraceStore(surroundings);
    }
    const statusPort = observe ? await freePort() : undefined;
    const proxy = startNginx({ ...parts, hosts, port, https, statusPort, replicas: planned });
    nginx = proxy;

    const postgresReady = startPostgres(parts).then((server) => (postgres = server));
    const redisReady = startRedis(parts).then((server) => (redis = server));
    const replicasStarted = planned.map(async (replica) => {
      const needs = services[replica.service];
      await Promise.all([needs.postgres && postgresReady, needs.redis && redisReady]);
      return startReplica(replica);
    });
    const migrated = migratingServices.map((service) => postgresReady.then(() => migrateSchema(service)));
    starting.push(postgresReady, redisReady, ...migrated, ...replicasStarted);
    await Promise.all(starting);
    if (statusPort !== undefined) {
      const observed = {
        postgres: await postgresReady,
        redis: await redisReady,
        nginxStatusPort: statusPort,
      };
      serviceProcesses.push(...(await startExporters({ ...parts, ...observed })));
    }
    const running = makeScaling({
      initial: await Promise.all(replicasStarted),
      startReplica,
      publish(replicas) {
        publishLists(replicas);
        proxy.reload(replicas);
      },
      onEvent,
      signal,
    });
    scaling = running;
    if (watch) {
      startBundler();
      stopWatching = await watchSources(serviceNames, (service) => {
        migrateSchema(service).catch((error: unknown) => onEvent?.(String(error)));
        for (const { name, process } of running.replicas.filter((replica) => replica.service === service)) {
          onEvent?.(`${name} restarts: its sources have changed`);
          process.restart();
        }
      });
    }

    const url = https ? `https://${publicHost(bind)}:${https.port}` : `http://${publicHost(bind)}:${port}`;
    const deadlineMs = options.deadlineMs ?? (watch ? undefined : 60_000);
    const { replicas } = running;
    await waitUntilHealthy({ url, nginx: proxy.process, replicas, deadlineMs, signal });
    const servers = { postgres: await postgresReady, redis: await redisReady, nginx: proxy };
    return assembleStack({ url, port, stop, ...servers, prometheus, traceStore }, running);
  } catch (error) {
    ending.abort(error);
    await Promise.allSettled(starting);
    await stop();
    throw error;
  }
}

function assembleStack(
  parts: Pick<Stack, 'url' | 'port' | 'postgres' | 'redis' | 'nginx' | 'prometheus' | 'traceStore' | 'stop'>,
  scaling: Scaling,
): Stack {
  return {
    ...parts,
    get replicas() {
      return scaling.replicas;
    },
    scale: (wanted) => scaling.scale(wanted),
    process(name) {
      const processes = [
        ...scaling.replicas.map((replica) => replica.process),
        ...[parts.postgres, parts.redis, parts.nginx].map(({ process }) => process),
      ];
      const found = processes.find((process) => process.name === name);
      if (found) return found;
      throw new Error(
        `There is no process "${name}". Processes: ${processes.map((process) => process.name).join(', ')}.`,
      );
    },
  };
}

function serviceCommand(
  watch: boolean,
): (replica: Pick<PlannedReplica, 'service'>) => Pick<ProcessSpec, 'command' | 'args' | 'cwd'> {
  // Not -C: ts-node reads the option from the command line, and only knows its long form.
  const fromSource = ['--conditions=millrace-source', '-r', compiledScript('register-source'), 'src/main.ts'];
  return ({ service }) => ({
    command: process.execPath,
    args: watch ? fromSource : ['bundle/main.js'],
    cwd: join(repositoryRoot, 'services', service),
  });
}

async function portOf(port: number | 'free'): Promise<number> {
  return port === 'free' ? await freePort() : port;
}

/** The host in the URL of the endpoint, on this machine. */
function publicHost(bind = '127.0.0.1'): string {
  if (bind === '0.0.0.0') return '127.0.0.1';
  if (bind === '::') return '[::1]';
  return bind.includes(':') ? `[${bind}]` : bind;
}
