import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { type Answer, type Machine, machine } from './programs.js';

const root = join(__dirname, '../..');

describe('docker/make-secrets', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-secrets-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const make = () => execFileSync('sh', [join(root, 'docker/make-secrets'), folder]);
  const read = (path: string) => readFileSync(join(folder, path), 'utf8').trimEnd();
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), `${text}\n`);
  };
  const all = () =>
    Object.fromEntries(
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
        .map((path) => [path, read(path)]),
    );

  it('gives each Redis user its own password, and each service the URL with it', () => {
    make();
    const made = all();
    expect(Object.keys(made).sort()).toEqual([
      'postgres-exporter/postgres_password',
      'postgres/metrics_password',
      'postgres/password',
      'postgres/task_api_migrate_password',
      'postgres/task_api_password',
      'postgres/user_api_migrate_password',
      'postgres/user_api_password',
      'queue-worker/redis_url',
      'redis-exporter/redis_passwords',
      'redis/metrics_password',
      'redis/password',
      'redis/queue_worker_password',
      'redis/rate_limits_password',
      'redis/task_api_password',
      'redis/web_gateway_password',
      'task-api-migrate/postgres_password',
      'task-api/postgres_password',
      'task-api/rate_limit_redis_url',
      'task-api/redis_url',
      'user-api-migrate/postgres_password',
      'user-api/postgres_password',
      'user-api/rate_limit_redis_url',
      'web-gateway/rate_limit_redis_url',
      'web-gateway/redis_url',
    ]);
    expect(made['task-api/redis_url']).toBe(`redis://task_api:${made['redis/task_api_password']}@redis:6379`);
    expect(JSON.parse(made['redis-exporter/redis_passwords']!)).toEqual({
      'redis://metrics@redis:6379': made['redis/metrics_password'],
      'rediss://metrics@redis:6379': made['redis/metrics_password'],
    });
    const passwords = Object.entries(made).filter(([path]) => path.startsWith('redis/'));
    expect(new Set(passwords.map(([, password]) => password)).size).toBe(6);
    make();
    expect(all()).toEqual(made);
  });

  it('adds what an earlier release did not create, and keeps existing values', () => {
    write('postgres/password', 'p');
    write('postgres/task_api_password', 't');
    write('task-api/postgres_password', 't');
    write('redis/password', 'r');
    write('redis/auth.conf', 'requirepass r');
    for (const service of ['task-api', 'queue-worker'])
      write(`${service}/redis_url`, 'redis://:r@redis:6379');
    write('web-gateway/redis_url', 'rediss://mine:own@elsewhere:6380');
    make();
    expect(all()).toMatchObject({
      'postgres/password': 'p',
      'task-api/postgres_password': 't',
      'redis/password': 'r',
      'task-api/redis_url': `redis://task_api:${read('redis/task_api_password')}@redis:6379`,
      'queue-worker/redis_url': `redis://queue_worker:${read('redis/queue_worker_password')}@redis:6379`,
      'web-gateway/redis_url': 'rediss://mine:own@elsewhere:6380',
    });
    expect(all()).not.toHaveProperty(['redis/auth.conf']);
  });
});

describe('scripts/make-kubernetes-secrets.sh', () => {
  let here: Machine | undefined;
  afterEach(() => here?.remove());

  const make = async (kubectl: Answer[], ...args: string[]) => {
    here = await machine({ kubectl });
    const outcome = await here.run('scripts/make-kubernetes-secrets.sh', args);
    const secrets = parseAllDocuments(outcome.stdout).map(
      (document) => document.toJS() as { metadata: { name: string }; data: Record<string, string> } | null,
    );
    const data = Object.fromEntries(
      secrets
        .filter((secret) => secret !== null)
        .flatMap(({ metadata, data }) =>
          Object.entries(data).map(([key, value]) => [
            `${metadata.name}.${key}`,
            Buffer.from(value, 'base64').toString(),
          ]),
        ),
    );
    return { ...outcome, data };
  };
  const base64 = (text: string) => Buffer.from(text).toString('base64');

  it('creates everything in k8s/secrets.yaml', async () => {
    const { data, calls } = await make([], '--new');
    expect(calls).toEqual([]);
    const keys = parseAllDocuments(readFileSync(join(root, 'k8s/secrets.yaml'), 'utf8')).flatMap(
      (document) => {
        const secret = document.toJS() as { metadata: { name: string }; data: Record<string, string> };
        return Object.keys(secret.data).map((key) => `${secret.metadata.name}.${key}`);
      },
    );
    expect(Object.keys(data).sort()).toEqual(keys.sort());
    expect(data['redis.task_api_url']).toBe(`redis://task_api:${data['redis.task_api_password']}@redis:6379`);
  });

  it('keeps what the cluster has, and adds what is missing', async () => {
    const { data } = await make([
      { to: '*-o name postgres redis', says: 'secret/postgres\nsecret/redis\n' },
      { to: '*secret postgres*.data.password*', says: base64('p') },
      { to: '*secret redis*.data.password*', says: base64('r') },
      { to: '*secret redis*.data.task_api_password*', says: base64('t') },
    ]);
    expect(data).toMatchObject({
      'postgres.password': 'p',
      'redis.password': 'r',
      'redis.task_api_url': 'redis://task_api:t@redis:6379',
      'redis.web_gateway_password': expect.stringMatching(/^[0-9a-f]{48}$/) as string,
    });
  });

  it('generates nothing when the cluster does not respond', async () => {
    const { status, stdout, stderr } = await make([{ to: '*', fails: true }], '--context', 'far');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('--new ignores the cluster');
  });
});

it('deploy.sh adds missing keys to the Secrets of an earlier release', async () => {
  const answers: Answer[] = [
    { to: 'config get-contexts*', says: 'kind-a\n' },
    { to: 'config current-context', says: 'kind-a' },
    { to: '* version *', says: 'serverVersion:\n  gitVersion: v1.34.1\n' },
    { to: '* get nodes --no-headers', says: 'node Ready\n' },
    { to: '*node-room*', says: '1 2 4Gi\n' },
    { to: '*get storageclass -o yaml', says: 'is-default-class: "true"' },
    { to: '*manifest-secrets*', says: 'used redis\nused postgres\n' },
    { to: '*-o name postgres redis', says: 'secret/postgres\nsecret/redis\n' },
    { to: '*.data.password*', says: base64OfAll },
    { to: 'kustomize*', says: 'image: millrace/task-api:dev\n' },
  ];
  const here = await machine({
    kubectl: answers,
    kind: [],
    curl: [{ to: '*', says: 'HTTP/1.1 200 OK\r\nX-Served-By: web-gateway-1\r\n' }],
    docker: [{ to: 'image inspect --format*', says: 'millrace/task-api:dev=sha256:1\n' }],
  });
  try {
    const { calls, stdout } = await here.run('deploy.sh', [
      '--timeout',
      '1',
      '--overlay',
      'prod',
      '--context',
      'kind-a',
    ]);
    expect(stdout).toContain('Adding what this release needs to the Secret redis');
    const applied = calls.filter((call) => call.includes(' apply '));
    expect(applied[0]).toMatch(/^kubectl --context kind-a apply -f .*made-secrets\.yaml$/);
    expect(applied[1]).toBe('kubectl --context kind-a apply -k overlays/prod');
  } finally {
    await here.remove();
  }
});

const base64OfAll = 'cA==';
