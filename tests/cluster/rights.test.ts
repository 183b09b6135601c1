// What pods of the stack cannot do: write outside /tmp, start programs, call anyone that they need not call. Each is tried.
import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { serviceNames } from '#topology';
import { clusterAnswers, deployed, kubectl } from './kubectl.js';

const run = promisify(execFile);
const root = join(__dirname, '../..');
const MINUTE_MS = 60_000;
const outside = 'millrace-outside';

/** Where a component may write, besides /tmp and the memory that every container has at /dev/shm and /dev/mqueue. */
const components: Record<string, string[]> = {
  ...Object.fromEntries(serviceNames.map((name) => [`deployment/${name}`, []])),
  'deployment/nginx': ['/var/cache/nginx'],
  'statefulset/postgres': ['/run/postgresql', '/var/lib/postgresql'],
  'statefulset/redis': ['/data'],
};

const hasCluster = clusterAnswers();
if (!hasCluster)
  process.stderr.write('No cluster answers (kubectl get --raw /readyz): these tests are skipped.\n');

const exec = (component: string, ...command: string[]) => kubectl('exec', component, '--', ...command);
const isOpen = (component: string, address: string, namespace = 'millrace') =>
  kubectl(
    '--namespace',
    namespace,
    'exec',
    component,
    '--',
    'timeout',
    '3',
    'bash',
    '-c',
    `: </dev/tcp/${address}`,
  ).then(
    () => true,
    () => false,
  );

/** Applies objects to the namespace outside. @returns what kubectl wrote, stderr included */
async function applyOutside(manifests: string): Promise<string> {
  const apply = spawn('kubectl', ['--namespace', outside, 'apply', '--filename', '-']);
  apply.stdin.end(manifests);
  const [out, error] = await Promise.all([text(apply.stdout), text(apply.stderr)]);
  return out + error;
}

(hasCluster ? describe : describe.skip)('a pod of the stack', () => {
  let listener: string;

  beforeAll(async () => {
    await deployed();
    await kubectl('create', 'namespace', outside);
    const image = await kubectl(
      ...['get', 'deployment/text-worker', '--output', 'jsonpath={.spec.template.spec.containers[0].image}'],
    );
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'listener' },
      spec: { containers: [{ name: 'listener', image, imagePullPolicy: 'IfNotPresent' }] },
    };
    await applyOutside(JSON.stringify(pod));
    await kubectl('--namespace', outside, 'wait', '--for=condition=Ready', 'pod/listener', '--timeout=60s');
    const address = await kubectl(
      ...['--namespace', outside, 'get', 'pod/listener', '--output', 'jsonpath={.status.podIP}'],
    );
    listener = `${address}/3000`;
  }, 15 * MINUTE_MS);

  afterAll(() => kubectl('delete', 'namespace', outside, '--ignore-not-found'), MINUTE_MS);

  test.each(Object.entries(components))(
    '%s can write only to /tmp and its data',
    async (component, data) => {
      const find = 'find / -writable -type d ! -path "/proc/*" 2>/dev/null; true';
      const writable = (await exec(component, 'sh', '-c', find)).trim().split('\n');
      const known = ['/tmp', '/dev/shm', '/dev/mqueue', ...data];
      expect(writable).toContain('/tmp');
      expect(writable.filter((path) => !known.some((own) => `${path}/`.startsWith(`${own}/`)))).toEqual([]);
    },
    MINUTE_MS,
  );

  test.each(serviceNames)(
    '%s starts no program or thread, and loads no native code but its own',
    async (service) => {
      const environment = await exec(`deployment/${service}`, 'sh', '-c', "tr '\\0' '\\n' </proc/1/environ");
      expect(environment).toMatch(/^NODE_OPTIONS=.*--permission/m);
      // The same restrictions in a process of ours: the image's entrypoint sets them.
      const script = `
      const attempt = (action) => { try { action(); return 'allowed'; } catch (error) { return error.code; } };
      console.log(JSON.stringify([
        attempt(() => require('child_process').execFileSync('sh', ['-c', 'id'])),
        attempt(() => new (require('worker_threads').Worker)('', { eval: true })),
        attempt(() => process.dlopen({ exports: {} }, '/tmp/none.node')),
        attempt(() => require('fs').writeFileSync('/dev/shm/file', '')),
      ]));`;
      const [program, thread, native, write] = JSON.parse(
        await exec(`deployment/${service}`, 'entrypoint', 'node', '-e', script),
      ) as string[];
      const hasNative = ['blur-worker', 'bw-worker'].includes(service);
      expect({ program, thread, native, write }).toEqual({
        program: 'ERR_ACCESS_DENIED',
        thread: 'ERR_ACCESS_DENIED',
        native: hasNative ? 'ERR_DLOPEN_FAILED' : 'ERR_DLOPEN_DISABLED',
        write: 'ERR_ACCESS_DENIED',
      });
    },
    MINUTE_MS,
  );

  test(
    'the address outside can be reached, from outside',
    async () => {
      expect(await isOpen('pod/listener', listener, outside)).toBe(true);
    },
    MINUTE_MS,
  );

  test.each(Object.keys(components))(
    '%s cannot call out of the namespace',
    async (component) => {
      expect(await isOpen(component, listener)).toBe(false);
    },
    MINUTE_MS,
  );

  test.each([
    ['deployment/text-worker', 'postgres/5432'],
    ['deployment/web-gateway', 'postgres/5432'],
    ['deployment/user-api', 'text-worker/3000'],
    ['deployment/blur-worker', 'redis/6379'],
    ['deployment/nginx', 'text-worker/3000'],
    ['statefulset/redis', 'postgres/5432'],
  ])(
    '%s cannot call %s, which it does not need',
    async (component, address) => {
      expect(await isOpen(component, address)).toBe(false);
    },
    MINUTE_MS,
  );

  test(
    'cannot be called from outside the namespace, except for Nginx',
    async () => {
      const reach = (address: string) => isOpen('pod/listener', address, outside);
      expect(await reach('nginx-service.millrace/80')).toBe(true);
      for (const address of ['task-api.millrace/3000', 'postgres.millrace/5432', 'redis.millrace/6379'])
        expect([address, await reach(address)]).toEqual([address, false]);
    },
    MINUTE_MS,
  );
});

(hasCluster ? test : test.skip)(
  'passwords for development do not replace your own',
  async () => {
    await kubectl('create', 'namespace', outside);
    try {
      const toOutside = (manifests: string) =>
        manifests.replaceAll('namespace: millrace', `namespace: ${outside}`);
      const { stdout: own } = await run(join(root, 'scripts/make-kubernetes-secrets.sh'), ['--new']);
      expect(await applyOutside(toOutside(own))).toBe('secret/postgres created\nsecret/redis created\n');
      const data = () =>
        kubectl('--namespace', outside, 'get', 'secret', '--output', 'jsonpath={.items[*].data}');
      const before = await data();
      const development = toOutside(await readFile(join(root, 'k8s/secrets.yaml'), 'utf8'));
      expect(await applyOutside(development)).toMatch(/field is immutable[^]*field is immutable/);
      expect(await data()).toBe(before);
    } finally {
      await kubectl('delete', 'namespace', outside);
    }
  },
  2 * MINUTE_MS,
);
