import { Client } from 'pg';
import { forgetPostgresVariables, serviceEnvironment, systemEnvironment } from './environment.js';
import { startPostgres } from '../servers/postgres.js';

/** What other projects leave in a shell. */
const foreign = {
  PGHOST: 'db.example.com',
  PGSSLMODE: 'require',
  PGOPTIONS: '-c search_path=nowhere',
  PGSERVICE: 'other',
  PGCLIENTENCODING: 'LATIN1',
  NODE_OPTIONS: '--require ./tracing.js',
  NODE_ENV: 'production',
  NODE_PATH: '/elsewhere',
  TS_NODE_PROJECT: 'other.json',
  DEBUG: '*',
  http_proxy: 'http://127.0.0.1:9',
  HTTPS_PROXY: 'http://127.0.0.1:9',
  npm_config_omit: 'optional',
  REDIS_URL: 'redis://elsewhere',
  REDIS_URL_FILE: '/run/secrets/elsewhere',
  RATE_LIMIT_REDIS_URL: 'redis://elsewhere',
  POSTGRES_HOST: 'elsewhere',
  POSTGRES_PASSWORD_FILE: '/run/secrets/elsewhere',
  TASK_API_URLS: 'http://elsewhere',
  PORT: '1',
  HOST: 'this-machine',
  POD_NAME: 'elsewhere',
  POD_NAME_FILE: '/etc/hostname',
  READINESS: 'port',
  SHUTDOWN_DRAIN_MS: '60000',
  SHUTDOWN_DRAIN_MS_FILE: '/dev/null',
  NGINX: '6;',
  LD_PRELOAD: '/elsewhere.so',
};
const system = {
  PATH: '/bin',
  HOME: '/home/me',
  TMPDIR: '/tmp/me',
  LANG: 'C',
  LC_ALL: 'de_DE.UTF-8',
  TZ: 'UTC',
};
const chosen = {
  LOG_LEVEL: 'debug',
  BLUR_DELAY_MS: '2000',
  RATE_LIMIT_PER_SECOND: '100',
  RATE_LIMIT_BURST: '1000',
  POSTGRES_POOL_SIZE: '3',
  JOB_MAX_ATTEMPTS_FILE: '/etc/attempts',
};

test('programs get the paths of the machine, and nothing from other projects', () => {
  expect(systemEnvironment({ ...foreign, ...chosen, ...system })).toEqual(system);
});

test('services get that, plus the settings chosen for them', () => {
  expect(serviceEnvironment({ ...foreign, ...chosen, ...system })).toEqual({ ...system, ...chosen });
});

test("PostgreSQL's own variables are removed, and others stay", () => {
  const environment = { ...foreign, ...system };
  forgetPostgresVariables(environment);
  expect(Object.keys(environment).filter((name) => name.startsWith('PG'))).toEqual([]);
  expect(environment).toMatchObject(system);
  expect(environment.NODE_ENV).toBe('production');
});

test('PostgreSQL is created, started and queried as usual, whatever database the shell names', async () => {
  const before = { ...process.env };
  Object.assign(process.env, foreign, { PGPORT: '1', PGUSER: 'nobody', PGDATA: '/nowhere', LC_ALL: 'xx_YY' });
  try {
    const server = await startPostgres();
    const { host, port, user, password, database } = server;
    const client = new Client({ host, port, user, password, database });
    await client.connect();
    const { rows } = await client.query('SHOW client_encoding');
    await client.end();
    await server.stop();
    expect(rows).toEqual([{ client_encoding: 'UTF8' }]);
  } finally {
    process.env = before;
  }
});
