import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { serviceNames, services } from './services.js';

const root = join(__dirname, '..');
const touched = [
  'topology',
  'k8s',
  'nginx',
  'postgres',
  'redis',
  'docker',
  'observe',
  'overlays',
  'docker-compose.yaml',
  'docker-compose.tls.yaml',
  'README.md',
];

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-topology-'));
  for (const part of [...touched, 'package.json', 'tsconfig.base.json'])
    cpSync(join(root, part), join(folder, part), {
      recursive: true,
      filter: (path) => basename(path) !== 'dist',
    });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const read = (path: string) => readFileSync(join(folder, path), 'utf8');
const edit = (path: string, from: string, to: string) => {
  expect(read(path)).toContain(from);
  writeFileSync(join(folder, path), read(path).replace(from, to));
};
const generate = (...args: string[]) => {
  const tsNode = join(folder, 'node_modules/.bin/ts-node');
  const { status, stderr } = spawnSync(tsNode, ['topology/generate.ts', ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, stderr };
};

interface Policy {
  kind: string;
  metadata: { name: string };
  spec: Record<'ingress' | 'egress', Record<'from' | 'to', unknown>[]>;
}
const policyOf = (name: string) =>
  parseAllDocuments(read('k8s/network-policies.yaml'))
    .map((document) => document.toJS() as Policy)
    .find(({ metadata }) => metadata.name === name)!;
const named = (name: string) => ({ podSelector: { matchLabels: { 'app.kubernetes.io/name': name } } });

test('the checked-in files are up to date', () => {
  expect(generate('--check')).toEqual({ status: 0, stderr: '' });
});

test('a hand edit fails the check, which names the file and what to edit instead', () => {
  const edits = [
    ['docker-compose.yaml', 'mem_limit: 192m', 'mem_limit: 256m', 'topology/services.ts'],
    ['k8s/bw-worker.yaml', 'cpu: 50m', 'cpu: 60m', 'topology/services.ts'],
    ['k8s/network-policies.yaml', 'port: 5432', 'port: 5433', 'topology/services.ts'],
    [
      'k8s/postgres-config.yaml',
      'CREATE SCHEMA',
      'CREATE  SCHEMA',
      'postgres/apply-roles or postgres/init.sql or postgres/roles.sql or',
    ],
    ['nginx/upstreams.compose.conf', 'keepalive 256', 'keepalive 64', 'topology/services.ts'],
    ['README.md', '-->|users|', '-->|people|', 'topology/services.ts'],
  ] as const;
  for (const [path, from, to] of edits) edit(path, from, to);

  const { status, stderr } = generate('--check');
  expect(status).toBe(1);
  for (const [path, , to, source] of edits) {
    expect(stderr).toContain(`${path} differs from what \`npm run generate\` writes. Edit ${source}`);
    expect(read(path)).toContain(to);
  }
  expect(stderr.trim().split('\n')).toHaveLength(edits.length);

  expect(generate()).toEqual({ status: 0, stderr: '' });
  for (const [path] of edits) expect(read(path)).toBe(readFileSync(join(root, path), 'utf8'));
});

test('a hand edit outside generated sections is left alone', () => {
  edit('docker-compose.yaml', 'max_connections=200', 'max_connections=300');
  expect(generate('--check').status).toBe(0);
});

test('Redis restarts when its configuration changes', () => {
  edit('redis/redis.conf', 'appendfsync everysec', 'appendfsync always');
  const before = read('k8s/redis.yaml');
  expect(generate().status).toBe(0);
  expect(read('k8s/redis-config.yaml')).toContain('    appendfsync always\n');
  expect(read('k8s/redis.yaml')).not.toBe(before);
});

test('names the file in which a generated section has no end', () => {
  edit('nginx/upstreams.local.conf', '# end of upstreams', '');
  const { status, stderr } = generate();
  expect(status).not.toBe(0);
  expect(stderr).toContain('nginx/upstreams.local.conf needs two lines');
});

test('adding a service adds all its files and sections, and removing it removes them', () => {
  const statement = read('topology/services.ts');
  edit(
    'topology/services.ts',
    "  'queue-worker': {\n",
    `  'echo-api': {
    purpose: 'Repeats.',
    component: 'api',
    publicPaths: ['/echo'],
    calls: { 'text-worker': 'texts' },
    redis: { user: 'task_api', for: 'echoes' },
    resources: { cpu: '50m', memory: { request: 64, limit: 128 } },
    shutdown: shortShutdown,
    scaling: byCpu,
  },

  'queue-worker': {
`,
  );
  edit('topology/services.ts', "'task-api': 'claim, report',", "'echo-api': 'echoes',");
  expect(generate()).toEqual({ status: 0, stderr: '' });

  const kinds = parseAllDocuments(read('k8s/echo-api.yaml')).map((document) => document.get('kind'));
  expect(kinds).toEqual([
    'ServiceAccount',
    'Service',
    'Deployment',
    'HorizontalPodAutoscaler',
    'PodDisruptionBudget',
  ]);
  expect(read('k8s/Kustomization')).toContain('  - echo-api.yaml\n');
  expect(read('k8s/settings.yaml')).toContain('  ECHO_API_URLS: http://echo-api:3000\n');
  expect(policyOf('echo-api').spec).toMatchObject({
    ingress: [{ from: [named('nginx'), named('queue-worker')] }],
    egress: [{ to: [named('text-worker')] }, { to: [named('redis')] }],
  });
  expect(policyOf('text-worker').spec.ingress[0]!.from).toContainEqual(named('echo-api'));
  expect(policyOf('redis').spec.ingress[0]!.from).toContainEqual(named('echo-api'));
  const certificates = parseAllDocuments(read('overlays/components/tls/certificates.yaml'));
  expect(certificates.map((document) => document.getIn(['spec', 'secretName']))).toContain('echo-api-tls');
  for (const environment of ['local', 'compose', 'kubernetes'])
    expect(read(`nginx/upstreams.${environment}.conf`)).toContain('upstream echo-api {');
  expect(read('k8s/nginx-config.yaml')).toContain('upstream echo-api {');
  expect(parse(read('docker-compose.yaml'), { merge: true })).toMatchObject({
    services: {
      nginx: { depends_on: { 'echo-api': { condition: 'service_healthy' } } },
      'echo-api': {
        networks: ['front', 'back'],
        environment: { TEXT_WORKER_URLS: 'http://text-worker:3000' },
      },
      'queue-worker': { environment: { ECHO_API_URLS: 'http://echo-api:3000' } },
    },
  });
  expect(read('README.md')).toContain('  nginx -->|/echo| echo-api\n');

  writeFileSync(join(folder, 'topology/services.ts'), statement);
  expect(generate('--check').stderr).toContain(
    'k8s/echo-api.yaml belongs to no service in topology/services.ts',
  );
  expect(generate()).toEqual({ status: 0, stderr: '' });
  expect(existsSync(join(folder, 'k8s/echo-api.yaml'))).toBe(false);
  expect(read('k8s/Kustomization')).toBe(readFileSync(join(root, 'k8s/Kustomization'), 'utf8'));
});

test('Nginx has a route to each service with public paths, and to no other', () => {
  const routes = [...read('nginx/routes.conf').matchAll(/proxy_pass \$service_scheme:\/\/([a-z-]+);/g)].map(
    ([, name]) => name,
  );
  const open = serviceNames.filter((name) => services[name].publicPaths);
  expect(new Set(routes)).toEqual(new Set(open));
});
