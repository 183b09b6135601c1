// What deploy.sh reports about a stack that does not become ready: real problems, in a separate namespace.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { clusterAnswers } from './kubectl.js';
import { until } from '../support/until.js';

const run = promisify(execFile);
const root = join(__dirname, '../..');
const MINUTE_MS = 60_000;
const namespace = 'millrace-problems';

const hasCluster = clusterAnswers();

/** A container that would run, except for one fault. */
const sound = {
  name: 'trouble',
  image: 'millrace/text-worker:dev',
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
};
const soundPod = { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } };

const pod = (name: string, container: object, volumes: object[] = []) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { securityContext: soundPod, containers: [{ ...sound, ...container }], volumes },
});
const claimed = (name: string, claimName: string) =>
  pod(name, { volumeMounts: [{ name: 'data', mountPath: '/data' }] }, [
    { name: 'data', persistentVolumeClaim: { claimName } },
  ]);

const troubles: object[] = [
  pod('wrong-tag', { image: 'millrace/text-worker:dve', imagePullPolicy: 'Never' }),
  pod('too-large', { resources: { requests: { memory: '100Ti' } } }),
  claimed('no-claim', 'absent'),
  claimed('no-class', 'no-class'),
  {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'no-class' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'imaginary',
      resources: { requests: { storage: '1Gi' } },
    },
  },
  pod('no-secret', { env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'imaginary', key: 'x' } } }] }),
  pod('misconfigured', { env: [{ name: 'PORT', value: 'eighty' }] }),
  pod('greedy', {
    command: ['node', '-e', 'const all = []; for (;;) all.push(Buffer.alloc(1e7, 1))'],
    resources: { limits: { memory: '64Mi' } },
  }),
  pod('not-ready', { readinessProbe: { httpGet: { path: '/nothing-here', port: 3000 }, periodSeconds: 1 } }),
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'privileged' },
    spec: {
      selector: { matchLabels: { app: 'privileged' } },
      template: {
        metadata: { labels: { app: 'privileged' } },
        spec: { containers: [{ ...sound, securityContext: { privileged: true } }] },
      },
    },
  },
];

/** What deploy.sh should report for each, and the fix. */
const said: [string, RegExp, RegExp][] = [
  [
    'wrong-tag',
    /no image: the cluster has no millrace\/text-worker:dve .*\(ErrImageNeverPull\)/,
    /correct the tag/,
  ],
  ['too-large', /No node has room for too-large: .*Insufficient memory/, /Docker|nodes|larger/],
  ['no-claim', /needs a PVC that does not exist: .*"absent" not found/, /kubectl .*apply -f k8s\//],
  [
    'no-class',
    /The PVC no-class asks for the StorageClass imaginary, which does not exist/,
    /available: .*delete pvc no-class/,
  ],
  [
    'no-secret',
    /cannot start \(CreateContainerConfigError\): secret "imaginary" not found/,
    /create what it names/,
  ],
  ['misconfigured', /keeps crashing \(Error, \d+ restarts\): .*PORT/, /kubectl .*logs misconfigured/],
  ['greedy', /used more memory than its limit and was killed \(OOMKilled/, /raise limits\.memory/],
  ['not-ready', /is running but not ready\. .*statuscode: 404/, /kubectl .*logs not-ready/],
  [
    'privileged',
    /The pods of privileged are rejected: .*violates PodSecurity "restricted/,
    /securityContext/,
  ],
];

(hasCluster ? describe : describe.skip)('deploy.sh names what is wrong, and the fix', () => {
  let problems: string[][] = [];

  beforeAll(async () => {
    const standard = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: standard } }]);
    await apply(troubles);
    problems = await until(
      'each trouble is named',
      async () => {
        problems = await findProblems();
        return said.every(([, what]) => problems.some(([, text]) => what.test(text!))) && problems;
      },
      2 * MINUTE_MS,
    ).catch(() => problems);
  }, 3 * MINUTE_MS);

  afterAll(() => run('kubectl', ['delete', 'namespace', namespace, '--wait=false']));

  test.each(said)('%s', (_, what, fix) => {
    const [problem] = problems.filter(([, text]) => what.test(text!));
    expect(problem ?? problems).toEqual([
      expect.stringMatching(/^(fatal|wait)$/),
      expect.any(String),
      expect.stringMatching(fix),
    ]);
  });

  test('and nothing else', () => {
    expect(problems).toHaveLength(said.length);
  });
});

async function apply(items: object[]): Promise<void> {
  const command = run('kubectl', ['--namespace', namespace, 'apply', '--filename', '-']);
  command.child.stdin!.end(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  await command;
}

/** The parts of deploy.sh that look for problems, in another namespace. @returns grade, problem and fix of each */
async function findProblems(): Promise<string[][]> {
  const script = `
    set -euo pipefail
    for part in messages cluster preflight problems ready; do . scripts/deploy/$part.sh; done
    context=$(kubectl config current-context) namespace=${namespace}
    family=$(family_of "$context")
    problems`;
  const { stdout } = await run('bash', ['-c', script], { cwd: root });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}
