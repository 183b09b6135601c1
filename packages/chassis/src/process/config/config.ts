import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { authConfig, neededForJwt } from './auth-config.js';
import { ConfigError } from './config-error.js';
import { tlsConfig } from '../tls/tls-config.js';
import type { StoreTls } from '../tls/tls.js';

/** A TCP port; 0 lets the system choose one. */
export const port = z.coerce.number().int().min(0).max(65_535);

/** A span of time in milliseconds, up to a day. */
export const milliseconds = z.coerce.number().int().min(0).max(86_400_000);

/** A positive integer. */
export const positiveInteger = z.coerce.number().int().min(1);

/** Where 0 means none, or no limit. */
export const nonNegativeInteger = z.coerce.number().int().min(0);

/** `http://a:3000,http://b:3000` or `file:///path`: the replicas of a service. See `createReplicaSet`. */
export const urlList = z
  .string()
  .transform((list) => list.split(',').map((url) => url.trim()))
  .pipe(
    z
      .array(
        z.url({ protocol: /^(https?|file)$/, error: 'must be http:// or file:// URLs, separated by commas' }),
      )
      .min(1),
  );

/** `redis://[[user]:password@]host:port[/db]` or `rediss://…`. */
export const redisUrl = z.url({
  protocol: /^rediss?$/,
  error: 'must be a URL such as redis://localhost:6379/0',
});

/** What every service reads from its environment. */
export const serviceConfig = z
  .object({
    ...authConfig.shape,
    ...tlsConfig.shape,
    PORT: port.default(3000),
    HOST: z.string().default('0.0.0.0'),
    /** Where to serve /metrics, apart from everything else. Not set: nowhere, and nothing is collected. */
    METRICS_PORT: port.optional(),
    /** Where to serve /livez and /readyz alone, for probes that have no certificate. Not set: nowhere else than on PORT. */
    PROBE_PORT: port.optional(),
    /** The replica's name in answers, logs and jobs. */
    POD_NAME: z.string().min(1).default(hostname()),
    LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
    /**
     * How load balancers know whether to send requests. `probe`: they ask /readyz, and the port is open from the start.
     * `port`: they cannot ask (Docker's DNS); the port opens when the service is ready and closes at SIGTERM; existing
     * connections are still served.
     */
    READINESS: z.enum(['probe', 'port']).default('probe'),
    /** How long to keep serving after SIGTERM, until load balancers have noticed. */
    SHUTDOWN_DRAIN_MS: milliseconds.default(5_000),
    /** The time limit of a clean shutdown, including the drain. */
    SHUTDOWN_TIMEOUT_MS: milliseconds.default(30_000),
  })
  .refine(...neededForJwt('AUTH_ISSUER'))
  .refine(...neededForJwt('AUTH_AUDIENCE'))
  .refine(...neededForJwt('SERVICE_TOKEN'));

/** The address and account of PostgreSQL. */
export const postgresConfig = z.object({
  POSTGRES_HOST: z.string().min(1),
  POSTGRES_PORT: port.default(5432),
  POSTGRES_DB: z.string().min(1).default('millrace'),
  POSTGRES_USER: z.string().min(1),
  POSTGRES_PASSWORD: z.string().min(1),
  /** Connections a replica may hold. */
  POSTGRES_POOL_SIZE: positiveInteger.default(10),
});

export type ServiceConfig = z.infer<typeof serviceConfig>;
/** `tls`: default none. */
export type PostgresConfig = z.infer<typeof postgresConfig> & { tls?: StoreTls | undefined };

/**
 * Reads and checks a configuration. A variable can be read from a file instead: `NAME_FILE=/run/secrets/name`.
 * An empty variable or file counts as not set.
 *
 * @throws ConfigError with all problems
 */
export function parseConfig<Schema extends z.ZodObject>(
  schema: Schema,
  environment: NodeJS.ProcessEnv = process.env,
): z.infer<Schema> {
  const problems: string[] = [];
  const values: Record<string, string> = {};
  const unreadable = new Set<string>();
  for (const name of Object.keys(schema.shape)) {
    const file = environment[`${name}_FILE`];
    if (environment[name]) {
      if (file) problems.push(`${name}: is set twice, also by ${name}_FILE; unset one of them`);
      values[name] = environment[name];
    } else if (file) {
      try {
        const text = readFileSync(file, 'utf8').trimEnd();
        if (text) values[name] = text;
      } catch {
        problems.push(`${name}_FILE: the file ${file} cannot be read`);
        unreadable.add(name);
      }
    }
  }

  const result = schema.safeParse(values);
  for (const issue of result.error?.issues ?? []) {
    const name = String(issue.path[0]);
    if (unreadable.has(name)) continue;
    if (values[name] !== undefined) problems.push(`${name}: ${issue.message}`);
    else problems.push(`${name}: is not set; set it, or ${name}_FILE to a file that holds it`);
  }
  if (problems.length > 0 || !result.success) {
    throw new ConfigError(`The configuration has ${problems.length} problem(s):\n  ${problems.join('\n  ')}`);
  }
  return result.data;
}

/** `parseConfig` for a process: prints problems on stderr and exits with status 1. */
export function loadConfig<Schema extends z.ZodObject>(schema: Schema): z.infer<Schema> {
  try {
    return parseConfig(schema);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
