// Sign-in (overlays/components/auth), and KEDA with an API key (overlays/components/keda-auth), in a separate namespace on the cluster that kubectl
// points at: npm run test:components -- auth. With VERSION, the images with that tag must already be in the cluster; otherwise, deploy.sh loads
// them.
import { randomBytes } from 'node:crypto';
import { createdKeySchema } from '@millrace/contracts';
import { sendJson } from '../../api/client.js';
import { ALL_SCOPES, OWN } from '../../auth/operations.js';
import { checkSignIn, type SignedInStack } from '../../auth/sign-in-checks.js';
import { type Manifest, workloadsOf } from '../../k8s/manifests.js';
import { AUDIENCE, createSigner } from '../../support/issuer.js';
import { until } from '../../support/until.js';
import { clusterAnswers, deployed, kubectl } from '../kubectl.js';
import { type PortForward, portForward } from '../port-forward.js';
import { apply, moved, render } from './beside.js';
import { ISSUER_URL, issuerManifests } from './issuer.js';

const MINUTE_MS = 60_000;
const namespace = 'millrace-auth';
const version = process.env.VERSION ?? 'dev';
const BURST = 600;

const inNamespace = (...args: string[]) => kubectl('--namespace', namespace, ...args);

const hasCluster = clusterAnswers();
if (!hasCluster)
  process.stderr.write('No cluster answers (kubectl get --raw /readyz): these tests are skipped.\n');

const secret = (name: string, token: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace },
  stringData: { token },
});

/** The values to edit in overlays/components/auth/settings.yaml. */
function settle(manifests: Manifest[]): Manifest[] {
  const settings = manifests.find(
    ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'settings',
  );
  Object.assign(settings!.data!, {
    AUTH_ISSUER: ISSUER_URL,
    AUTH_AUDIENCE: AUDIENCE,
    BLUR_DELAY_MS: '0',
    // Otherwise, a burst of jobs would be over before the HPA checks, every 15 s.
    TASK_DELAY_MS: '10000',
  });
  return manifests;
}

(hasCluster ? describe : describe.skip)('the component auth on a cluster', () => {
  let nginx: PortForward | undefined;
  let stack: SignedInStack;
  let hasKeda: boolean;

  beforeAll(async () => {
    if (!process.env.VERSION) await deployed();
    hasKeda = await kubectl('get', 'crd', 'scaledobjects.keda.sh').then(
      () => true,
      () => false,
    );
    const rendered = hasKeda ? render('overlays/keda', ['auth', 'keda-auth']) : render('k8s', ['auth']);
    const manifests = settle(moved(rendered, namespace, version));
    const signer = await createSigner(ISSUER_URL);
    await apply(manifests.filter(({ kind }) => kind === 'Namespace'));
    await apply([
      secret('service-token', randomBytes(32).toString('hex')),
      // Well-formed, but it was never created.
      secret('keda-key', 'millrace_0000000000000000000000000000002C8GjS'),
      ...issuerManifests(signer, namespace, version),
      ...manifests.filter(({ kind }) => kind !== 'Namespace'),
    ]);
    for (const { kind, metadata } of workloadsOf(manifests))
      await inNamespace('rollout', 'status', `${kind.toLowerCase()}/${metadata.name}`, '--timeout=300s');
    const { url } = (nginx = await portForward(namespace, 'nginx-service', 80));
    await until('Nginx reaches the services', async () => (await fetch(`${url}/health`)).ok, 2 * MINUTE_MS);
    stack = {
      url,
      admin: await signer.token({ sub: 'ada', scope: ALL_SCOPES.join(' ') }),
      person: await signer.token({ sub: 'bob', scope: OWN }),
      inside: (script) => inNamespace('exec', 'deployment/web-gateway', '--', 'node', '-e', script),
    };
  }, 15 * MINUTE_MS);

  afterAll(async () => {
    await nginx?.stop();
    await kubectl('delete', 'namespace', namespace, '--ignore-not-found');
  }, 5 * MINUTE_MS);

  checkSignIn(() => stack);

  describe('the component keda-auth', () => {
    const replicas = async () =>
      Number(
        await inNamespace('get', 'deployment/queue-worker', '--output', 'jsonpath={.status.readyReplicas}'),
      );
    /** Whether KEDA falls back because it cannot get the number. */
    const fallsBack = async () => {
      const status = `jsonpath={.status.conditions[?(@.type=="Fallback")].status}`;
      return (await inNamespace('get', 'scaledobject/queue-worker', '--output', status)) === 'True';
    };
    const unfinished = async () => {
      const headers = { Authorization: `Bearer ${stack.admin}` };
      const response = await fetch(`${stack.url}/api/jobs/summary`, { headers });
      const { counts } = (await response.json()) as { counts: { queued: number; processing: number } };
      return counts.queued + counts.processing;
    };
    const post = (path: string, body: object) =>
      sendJson('POST', path, body, { url: stack.url, headers: { Authorization: `Bearer ${stack.admin}` } });

    beforeAll(() => {
      if (!hasKeda)
        process.stderr.write('KEDA is not in the cluster (no CRD scaledobjects.keda.sh): not tested.\n');
    });

    test(
      'with a wrong key, KEDA falls back to two workers, and its log says why',
      async () => {
        if (!hasKeda) return;
        await until('it falls back', fallsBack, 2 * MINUTE_MS);
        await until('there are two', async () => (await replicas()) === 2, MINUTE_MS);
        const reason = `/api/jobs/summary: api returned 401`;
        await until('its log says why', async () =>
          (await kubectl('--namespace', 'keda', 'logs', 'deployment/keda-operator', '--since=1m'))
            .split('\n')
            .some((line) => line.includes(namespace) && line.includes(reason)),
        );
      },
      3 * MINUTE_MS,
    );

    test(
      'with a key of an administrator, KEDA scales queue-worker by the jobs that wait',
      async () => {
        if (!hasKeda) return;
        const created = await post('/api/keys', { name: 'keda', scopes: ['jobs:admin'] });
        await apply([secret('keda-key', created.as(createdKeySchema).key)]);
        await until('it falls back no longer', async () => !(await fallsBack()), 2 * MINUTE_MS);
        const begun = performance.now();
        for (let sent = 0; sent < BURST; sent += 50)
          await Promise.all(Array.from({ length: 50 }, () => post('/api/add/burst', {})));
        await until('there are five', async () => (await replicas()) === 5, 3 * MINUTE_MS);
        process.stderr.write(
          `KEDA: 5 replicas after ${((performance.now() - begun) / 1_000).toFixed(0)} s\n`,
        );
        await until('all is done', async () => (await unfinished()) === 0, 3 * MINUTE_MS);
      },
      8 * MINUTE_MS,
    );
  });
});
