// What the stack's pods cannot do: write outside /tmp, start programs, or call anything that they do not need. Each is tried.
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
/** Whether a container can open a connection. @param address as in `host/port` */
async function isOpen(component: string, address: string, namespace = 'millrace'): Promise<boolean> {
  const script = `timeout 6 bash -c ': </dev/tcp/${address}' 2>/dev/null && echo open || echo closed`;
  const answer = await kubectl('--namespace', namespace, 'exec', component, '--', 'bash', '-c', script);
  return answer.trim() === 'open';
}

/** Checks all of them at once. */
async function ofEach<T>(
  names: readonly string[],
  ask: (name: string) => Promise<T>,
): Promise<Record<string, T>> {
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await ask(name)] as const)));
}

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
    await kubectl('--namespace', outside, 'wait', '--for=condition=Ready', 'pod/listener', '--timeout=180s');
    const address = await kubectl(
      ...['--namespace', outside, 'get', 'pod/listener', '--output', 'jsonpath={.status.podIP}'],
    );
    listener = `${address}/3000`;
  }, 15 * MINUTE_MS);

  afterAll(() => kubectl('delete', 'namespace', outside, '--ignore-not-found'), 3 * MINUTE_MS);

  test(
    'components can write only to /tmp and their data',
    async () => {
      const find = 'find / -writable -type d ! -path "/proc/*" 2>/dev/null; true';
      const writable = await ofEach(Object.keys(components), async (component) =>
        (await exec(component, 'sh', '-c', find)).trim().split('\n'),
      );
      for (const [component, paths] of Object.entries(writable)) {
        const known = ['/tmp', '/dev/shm', '/dev/mqueue', ...components[component]!];
        const others = paths.filter((path) => !known.some((own) => `${path}/`.startsWith(`${own}/`)));
        expect({ component, tmp: paths.includes('/tmp'), others }).toEqual({
          component,
          tmp: true,
          others: [],
        });
      }
    },
    2 * MINUTE_MS,
  );

  test(
    'services start no program or thread, and load no native code but their own',
    async () => {
      // The same restrictions in a process of ours: the image's entrypoint sets them.
      const script = `
      const attempt = (action) => { try { action(); return 'allowed'; } catch (error) { return error.code; } };
      console.log(JSON.stringify({
        program: attempt(() => require('child_process').execFileSync('sh', ['-c', 'id'])),
        thread: attempt(() => new (require('worker_threads').Worker)('', { eval: true })),
        native: attempt(() => process.dlopen({ exports: {} }, '/tmp/none.node')),
        write: attempt(() => require('fs').writeFileSync('/dev/shm/file', '')),
      }));`;
      const found = await ofEach(serviceNames, async (service) => {
        const deployment = `deployment/${service}`;
        const environment = await exec(deployment, 'sh', '-c', "tr '\\0' '\\n' </proc/1/environ");
        const attempts = JSON.parse(await exec(deployment, 'entrypoint', 'node', '-e', script)) as object;
        return { restricted: /^NODE_OPTIONS=.*--permission/m.test(environment), ...attempts };
      });
      const expected = (service: string) => ({
        restricted: true,
        program: 'ERR_ACCESS_DENIED',
        thread: 'ERR_ACCESS_DENIED',
        native: ['blur-worker', 'bw-worker'].includes(service) ? 'ERR_DLOPEN_FAILED' : 'ERR_DLOPEN_DISABLED',
        write: 'ERR_ACCESS_DENIED',
      });
      expect(found).toEqual(Object.fromEntries(serviceNames.map((name) => [name, expected(name)])));
    },
    2 * MINUTE_MS,
  );

  test(
    'the address outside can be reached, from outside',
    async () => {
      expect(await isOpen('pod/listener', listener, outside)).toBe(true);
    },
    MINUTE_MS,
  );

  test(
    'components cannot call out of the namespace, nor those that they do not need',
    async () => {
      const calls = [
        ...Object.keys(components).map((component) => [component, listener] as const),
        ['deployment/text-worker', 'postgres/5432'],
        ['deployment/web-gateway', 'postgres/5432'],
        ['deployment/user-api', 'text-worker/3000'],
        ['deployment/blur-worker', 'redis/6379'],
        ['deployment/nginx', 'text-worker/3000'],
        ['statefulset/redis', 'postgres/5432'],
      ] as const;
      const open = await Promise.all(calls.map(([component, address]) => isOpen(component, address)));
      expect(calls.filter((_, index) => open[index])).toEqual([]);
    },
    2 * MINUTE_MS,
  );

  test(
    'cannot be called from outside the namespace, except for Nginx',
    async () => {
      const addresses = ['nginx-service/80', 'task-api/3000', 'postgres/5432', 'redis/6379'];
      const open = await ofEach(addresses, (address) =>
        isOpen('pod/listener', address.replace('/', '.millrace/'), outside),
      );
      expect(open).toEqual({
        'nginx-service/80': true,
        'task-api/3000': false,
        'postgres/5432': false,
        'redis/6379': false,
      });
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
