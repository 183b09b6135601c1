import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import {
  milliseconds,
  parseConfig,
  port,
  postgresConfig,
  redisUrl,
  serviceConfig,
  urlList,
} from './config.js';
import { ConfigError } from './config-error.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (text: string) => {
  const path = join(folder, 'secret');
  writeFileSync(path, text);
  return path;
};
const secret = z.object({ SECRET: z.string().min(3), COLOUR: z.string().default('blue') });

it('has a default for everything that every service reads', () => {
  expect(parseConfig(serviceConfig, { POD_NAME: 'a-1' })).toEqual({
    PORT: 3000,
    HOST: '0.0.0.0',
    POD_NAME: 'a-1',
    LOG_LEVEL: 'info',
    READINESS: 'probe',
    AUTH_MODE: 'off',
    SHUTDOWN_DRAIN_MS: 5_000,
    SHUTDOWN_TIMEOUT_MS: 30_000,
  });
});

it('lists all problems at once, each with a fix', () => {
  const schema = serviceConfig.extend(postgresConfig.shape).extend({ REDIS_URL: redisUrl, URLS: urlList });
  const environment = { PORT: '70000', POSTGRES_HOST: 'db', REDIS_URL: 'localhost', URLS: 'http://a,b' };
  const error = (() => {
    try {
      return parseConfig(schema, environment);
    } catch (reason) {
      return reason;
    }
  })();
  expect(error).toBeInstanceOf(ConfigError);
  const [title, ...problems] = (error as Error).message.split('\n  ');
  expect(title).toBe('The configuration has 5 problem(s):');
  expect(problems.map((problem) => problem.split(':')[0]).sort()).toEqual(
    ['PORT', 'POSTGRES_PASSWORD', 'POSTGRES_USER', 'REDIS_URL', 'URLS'].sort(),
  );
  expect(problems).toContain(
    'POSTGRES_USER: is not set; set it, or POSTGRES_USER_FILE to a file that holds it',
  );
});

describe('AUTH_MODE=jwt', () => {
  const complete = {
    AUTH_MODE: 'jwt',
    AUTH_ISSUER: 'https://login.test',
    AUTH_AUDIENCE: 'https://millrace.test',
    SERVICE_TOKEN: 'x'.repeat(32),
  };
  const schema = serviceConfig.extend(postgresConfig.shape);
  const environment = { POSTGRES_HOST: 'a', POSTGRES_USER: 'a', POSTGRES_PASSWORD: 'a', ...complete };

  it('accepts what it needs', () => {
    expect(parseConfig(schema, environment)).toMatchObject(complete);
  });

  it.each(['AUTH_ISSUER', 'AUTH_AUDIENCE', 'SERVICE_TOKEN'])('requires %s', (name) => {
    expect(() => parseConfig(schema, { ...environment, [name]: '' })).toThrow(
      `1 problem(s):\n  ${name}: is not set; set it, or ${name}_FILE`,
    );
  });

  it('reports what is missing together with other problems', () => {
    expect(() => parseConfig(schema, { AUTH_MODE: 'jwt', PORT: 'x' })).toThrow('7 problem(s)');
  });

  it.each([
    ['AUTH_MODE', 'yes', 'must be jwt (sign-in is required) or off (everyone may do everything)'],
    ['AUTH_ISSUER', 'login.test', 'must be a URL such as https://login.example.com'],
    ['AUTH_JWKS_URL', 'file:///keys', 'must be a URL such as https://login.example.com'],
    ['SERVICE_TOKEN', 'short', 'must be at least 32 characters out of A-Z, a-z, 0-9, _ and -'],
  ])('says what %s=%s should be', (name, value, message) => {
    expect(() => parseConfig(schema, { ...environment, [name]: value })).toThrow(`${name}: ${message}`);
  });
});

it('treats an empty variable as not set', () => {
  expect(parseConfig(secret, { SECRET: 'abc', COLOUR: '' }).COLOUR).toBe('blue');
  expect(() => parseConfig(secret, { SECRET: '' })).toThrow('SECRET: is not set');
  expect(parseConfig(secret, { SECRET: 'abc', SECRET_FILE: '' }).SECRET).toBe('abc');
});

it('reads a variable from the file in NAME_FILE, without its final newline', () => {
  expect(parseConfig(secret, { SECRET_FILE: file(' top secret\n') }).SECRET).toBe(' top secret');
});

it('rejects a variable that is set both ways', () => {
  expect(() => parseConfig(secret, { SECRET: 'abc', SECRET_FILE: file('abc') })).toThrow(
    '1 problem(s):\n  SECRET: is set twice, also by SECRET_FILE; unset one of them',
  );
});

it('reports a file that cannot be read, once', () => {
  expect(() => parseConfig(secret, { SECRET_FILE: join(folder, 'missing') })).toThrow(
    `1 problem(s):\n  SECRET_FILE: the file ${join(folder, 'missing')} cannot be read`,
  );
});

it('never shows a value, which may be a secret', () => {
  expect(() => parseConfig(secret, { SECRET: 'x' })).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining("'x'") }),
  );
});

it('treats an empty file as not set', () => {
  expect(() => parseConfig(secret, { SECRET_FILE: file('\n') })).toThrow(
    '1 problem(s):\n  SECRET: is not set',
  );
});

it.each([
  [port, ['0', '65535'], ['-1', '65536', '1.5', 'x']],
  [milliseconds, ['0', '86400000'], ['-1', '86400001', '1s']],
  [urlList, ['http://a:1', 'http://a:1, https://b'], ['', 'a:1', 'ftp://a', 'http://a,']],
  [redisUrl, ['redis://:p@localhost:1/0', 'rediss://h'], ['http://localhost', 'localhost:6379']],
])('validates values (%#)', (schema, good, bad) => {
  for (const value of good) expect(schema.safeParse(value).success).toBe(true);
  for (const value of bad) expect(schema.safeParse(value).success).toBe(false);
});
