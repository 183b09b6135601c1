// What overlays/ makes of k8s/, by kubectl's own kustomize. It needs no cluster.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { serviceNames } from '#topology';
import { parseConfig } from '@millrace/chassis/process';
import { jobSummarySchema } from '@millrace/contracts';
import { configSchema as textWorkerConfig } from '../../services/text-worker/src/config.js';
import { idOf, type Manifest, parseManifests, readManifests, root, workloadsOf } from './manifests.js';
import { rules } from './rules.js';
import { schemaProblems } from './schema.js';

const hasKubectl = (() => {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    process.stderr.write('kubectl is not installed: the overlays are not rendered.\n');
    return false;
  }
})();

const render = (folder: string): Manifest[] =>
  parseManifests(execFileSync('kubectl', ['kustomize', join(root, folder)], { encoding: 'utf8' }));

/** k8s/ with a component, as an overlay names it. */
function renderWithComponent(component: string): Manifest[] {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-overlay-'));
  const from = (path: string) => relative(folder, join(root, path));
  try {
    const kustomization = { resources: [from('k8s')], components: [from(component)] };
    writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
    return render(relative(root, folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Rules that the overlay breaks on purpose. */
const problemsOf = (manifests: Manifest[], exempt: RegExp): string[] => [
  ...manifests.flatMap(schemaProblems),
  ...Object.entries(rules)
    .flatMap(([rule, check]) => check(manifests).map((problem) => `${rule}: ${problem}`))
    .filter((problem) => !exempt.test(problem)),
];

(hasKubectl ? describe : describe.skip)('an overlay', () => {
  test('k8s/ by itself renders to what lies in it', () => {
    const byId = (all: Manifest[]) => [...all].sort((one, other) => idOf(one).localeCompare(idOf(other)));
    expect(byId(render('k8s'))).toEqual(byId(readManifests()));
  });

  describe('prod', () => {
    const prod = hasKubectl ? render('overlays/prod') : [];
    const of = (id: string) => prod.find((manifest) => idOf(manifest) === id) as Manifest;

    test('keeps every rule but those that it is there to change', () => {
      const exempt =
        /there is no Secret (postgres|redis)$|the image ghcr\.io\/|Deployment\/queue-worker: replicas would undo/;
      expect(problemsOf(prod, exempt)).toEqual([]);
    });

    test('takes the services from a registry, under a tag that does not move', () => {
      const images = workloadsOf(prod).flatMap(({ spec }) =>
        spec.template.spec.containers.map(({ image }) => image),
      );
      expect(images.filter((image) => image.includes('millrace/'))).toHaveLength(serviceNames.length);
      expect(
        images.filter(
          (image) => !/^(ghcr\.io\/.+:\d+\.\d+\.\d+|(postgres|redis|nginxinc\/.+):[\d.]+)$/.test(image),
        ),
      ).toEqual([]);
    });

    test('has no password, no artificial delay, no open node port, and TLS', () => {
      expect(prod.filter(({ kind }) => kind === 'Secret')).toEqual([]);
      expect(of('ConfigMap/settings').data).toMatchObject({ BLUR_DELAY_MS: '0', TASK_DELAY_MS: '0' });
      expect(of('Service/nginx-service').spec).toMatchObject({ type: 'ClusterIP' });
      expect(of('Service/nginx-service').spec!.ports![0]).not.toHaveProperty('nodePort');
      expect(of('Ingress/millrace').spec).toMatchObject({
        tls: [{ hosts: ['millrace.example.com'], secretName: 'millrace-tls' }],
      });
    });

    test('makes whoever deploys it choose who may call', () => {
      const settings = of('ConfigMap/settings').data;
      expect(() => parseConfig(textWorkerConfig, settings)).toThrow('AUTH_MODE: must be jwt');
    });

    test('has two replicas of each service at least', () => {
      const scalers = prod.filter(({ kind }) => kind === 'HorizontalPodAutoscaler');
      const least = Object.fromEntries(
        scalers.map(({ spec }) => [
          spec!.scaleTargetRef!.name,
          (spec as { minReplicas?: number }).minReplicas,
        ]),
      );
      const deployments = prod.filter(({ kind }) => kind === 'Deployment');
      for (const { metadata, spec } of deployments) expect(least[metadata.name] ?? spec!.replicas).toBe(2);
    });
  });

  describe('the component auth', () => {
    const auth = hasKubectl ? renderWithComponent('overlays/components/auth') : [];

    test('keeps every rule, but that the Secret is yours to create', () => {
      expect(problemsOf(auth, /there is no Secret service-token$/)).toEqual([]);
    });

    test('gives every service what AUTH_MODE=jwt needs', () => {
      const { data } = auth.find((manifest) => idOf(manifest) === 'ConfigMap/settings')!;
      for (const service of serviceNames) {
        const { spec } = workloadsOf(auth).find(({ metadata }) => metadata.name === service)!;
        const [container] = spec.template.spec.containers;
        const token = container!.env!.find(({ name }) => name === 'SERVICE_TOKEN');
        expect(token).toHaveProperty('valueFrom.secretKeyRef.name', 'service-token');
      }
      const settings = { ...data, SERVICE_TOKEN: 'x'.repeat(32) };
      expect(parseConfig(textWorkerConfig, settings)).toMatchObject({ AUTH_MODE: 'jwt' });
    });
  });

  describe('keda', () => {
    const keda = hasKubectl ? render('overlays/keda') : [];

    test('keeps every rule, and adds what scales queue-worker and nothing that contradicts it', () => {
      expect(problemsOf(keda, /^$/)).toEqual([]);
      const scaled = keda.filter(({ spec }) => spec?.scaleTargetRef?.name === 'queue-worker').map(idOf);
      expect(scaled).toEqual(['ScaledObject/queue-worker']);
      const base = new Set(readManifests().map(idOf));
      expect(keda.map(idOf).filter((id) => !base.has(id))).toEqual([
        'ScaledObject/queue-worker',
        'NetworkPolicy/task-api-from-keda',
      ]);
    });

    test('counts what the summary of the jobs tells', () => {
      const scaler = keda.find(({ kind }) => kind === 'ScaledObject') as unknown as {
        spec: { triggers: { name: string; metadata: { valueLocation: string } }[] };
      };
      const summary = { counts: { queued: 9, processing: 2, completed: 9, failed: 9, cancelled: 9 }, due: 1 };
      const told = jobSummarySchema.parse({
        ...summary,
        scheduled: 8,
        oldest_waiting_s: null,
        completed_last_minute: 0,
      });
      const values = scaler.spec.triggers.map(({ metadata }) =>
        metadata.valueLocation.split('.').reduce<unknown>((part, key) => (part as never)[key], told),
      );
      expect(values).toEqual([1, 2]);
    });
  });
});
