// What overlays/ make of k8s/, with kubectl's own kustomize. It needs no cluster.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { serviceNames } from '#topology';
import { parseConfig } from '@millrace/chassis/process';
import { jobSummarySchema } from '@millrace/contracts';
import { configSchema as textWorkerConfig } from '../../services/text-worker/src/config.js';
import {
  idOf,
  type Manifest,
  parseManifests,
  readManifests,
  root,
  type Workload,
  workloadsOf,
} from './manifests.js';
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

/** An overlay with some of overlays/components. */
function renderWith(components: string | string[], overlay = 'prod'): Manifest[] {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-overlay-'));
  try {
    const path = (to: string) => relative(folder, join(root, to));
    const text = JSON.stringify({
      resources: [path(`overlays/${overlay}`)],
      components: [components].flat().map((name) => path(`overlays/components/${name}`)),
    });
    writeFileSync(join(folder, 'kustomization.yaml'), text);
    return parseManifests(execFileSync('kubectl', ['kustomize', folder], { encoding: 'utf8' }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The number that Kubernetes writes as 250m, 2 or 128Mi. */
function quantity(text: string): number {
  const [, number, unit] = /^([\d.]+)(m|Mi|Gi)?$/.exec(text)!;
  return Number(number) * ({ m: 0.001, Mi: 1024 ** 2, Gi: 1024 ** 3 }[unit!] ?? 1);
}

/** How much of each part of its quota the overlay needs at most. */
function sharesOfQuota(manifests: Manifest[]): [string, number][] {
  const { hard } = manifests.find(({ kind }) => kind === 'ResourceQuota')!.spec as unknown as {
    hard: Record<string, string>;
  };
  const claims = manifests.filter(({ kind }) => kind === 'PersistentVolumeClaim');
  const needed: Record<string, number> = { pods: 0, persistentvolumeclaims: claims.length };
  for (const { kind, metadata, spec } of workloadsOf(manifests)) {
    const scaler = manifests.find((each) => each.spec?.scaleTargetRef?.name === metadata.name)?.spec as
      { maxReplicas: number } | undefined;
    // A single pod is gone before the next one starts; KEDA has at most five queue-workers.
    const { strategy } = spec as { strategy?: { type: string } };
    const isAlone = kind === 'StatefulSet' || strategy?.type === 'Recreate';
    const pods = isAlone ? 1 : (scaler?.maxReplicas ?? 5) + 1;
    needed['pods']! += pods;
    for (const { resources } of spec.template.spec.containers)
      for (const side of ['requests', 'limits'] as const)
        for (const what of ['cpu', 'memory']) {
          const key = `${side}.${what}`;
          needed[key] = (needed[key] ?? 0) + pods * quantity(resources![side]![what]!);
        }
  }
  return Object.entries(needed).map(([what, amount]) => [what, amount / quantity(hard[what]!)]);
}

/** Rules that the overlay breaks on purpose. */
const problemsOf = (manifests: Manifest[], exempt: RegExp): string[] => [
  ...manifests.flatMap(schemaProblems),
  ...Object.entries(rules)
    .flatMap(([rule, check]) => check(manifests).map((problem) => `${rule}: ${problem}`))
    .filter((problem) => !exempt.test(problem)),
];

(hasKubectl ? describe : describe.skip)('an overlay', () => {
  test('k8s/ by itself renders to its own content', () => {
    const byId = (all: Manifest[]) => [...all].sort((one, other) => idOf(one).localeCompare(idOf(other)));
    expect(byId(render('k8s'))).toEqual(byId(readManifests()));
  });

  describe('prod', () => {
    const prod = hasKubectl ? render('overlays/prod') : [];
    const of = (id: string) => prod.find((manifest) => idOf(manifest) === id) as Manifest;

    test('keeps every rule except those that it is meant to change', () => {
      const exempt =
        /there is no Secret (postgres|redis)$|the image ghcr\.io\/|Deployment\/queue-worker: replicas would undo/;
      expect(problemsOf(prod, exempt)).toEqual([]);
    });

    test('pulls the services from a registry, with a fixed tag', () => {
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

    test('has no password, no artificial delay, no lab, no open node port, TLS, and limits by client', () => {
      expect(prod.filter(({ kind }) => kind === 'Secret')).toEqual([]);
      expect(of('ConfigMap/settings').data).toMatchObject({
        BLUR_DELAY_MS: '0',
        TASK_DELAY_MS: '0',
        LAB_RUN_LIMIT: '0',
      });
      for (const limit of ['RATE_LIMIT_PER_SECOND', 'UPLOAD_RATE_BYTES', 'EDGE_REQUESTS_PER_SECOND'])
        expect(Number(of('ConfigMap/settings').data![limit])).toBeGreaterThan(0);
      expect(of('Service/nginx-service').spec).toMatchObject({ type: 'ClusterIP' });
      expect(of('Service/nginx-service').spec!.ports![0]).not.toHaveProperty('nodePort');
      expect(of('Ingress/millrace').spec).toMatchObject({
        tls: [{ hosts: ['millrace.example.com'], secretName: 'millrace-tls' }],
      });
    });

    test('has a quota for all replicas at their maximum during a rollout, and not much more', () => {
      for (const [what, share] of sharesOfQuota(prod)) {
        expect([what, share]).toEqual([what, expect.any(Number)]);
        expect(share).toBeLessThanOrEqual(1);
        expect(share).toBeGreaterThan(0.85);
      }
    });

    test('does not start until somebody has chosen who may call', () => {
      const settings = of('ConfigMap/settings').data;
      expect(() => parseConfig(textWorkerConfig, settings)).toThrow('AUTH_MODE: must be jwt');
    });

    test('has at least two replicas of each service', () => {
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

  test('the component auth gives every service what AUTH_MODE=jwt needs', () => {
    const auth = renderWith('auth');
    for (const service of serviceNames) {
      const { spec } = workloadsOf(auth).find(({ metadata }) => metadata.name === service)!;
      const token = spec.template.spec.containers[0]!.env!.find(({ name }) => name === 'SERVICE_TOKEN');
      expect(token).toHaveProperty('valueFrom.secretKeyRef.name', 'service-token');
    }
    const { data } = auth.find((manifest) => idOf(manifest) === 'ConfigMap/settings')!;
    const settings = { ...data, SERVICE_TOKEN: 'x'.repeat(32) };
    expect(parseConfig(textWorkerConfig, settings)).toMatchObject({ AUTH_MODE: 'jwt' });
    expect(auth.flatMap(schemaProblems)).toEqual([]);
  });

  test('the component traces sends the spans of every service to Jaeger, and keeps every rule', () => {
    const folder = renderWith('traces');
    expect(folder.flatMap(schemaProblems)).toEqual([]);
    const { data } = folder.find((manifest) => idOf(manifest) === 'ConfigMap/settings')!;
    expect(data).toMatchObject({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://jaeger:4318' });
    const jaeger = workloadsOf(folder).find(({ metadata }) => metadata.name === 'jaeger')!;
    const exposed = jaeger.spec.template.spec.containers[0]!.ports!.map((port) => port.containerPort);
    expect(exposed).toContain(4318);
  });

  test('the component tls gives every program a certificate, and every service the same callers as the NetworkPolicies', () => {
    const tls = renderWith('tls');
    const certificates = tls
      .filter(({ kind }) => kind === 'Certificate')
      .map(({ spec }) => spec as unknown as { secretName: string; dnsNames?: string[] })
      // Not the authority's own.
      .filter(({ dnsNames }) => dnsNames);
    for (const { metadata, spec } of workloadsOf(tls)) {
      const { name } = metadata;
      expect(certificates).toContainEqual(
        expect.objectContaining({ secretName: `${name}-tls`, dnsNames: [name] }),
      );
      expect(spec.template.spec.volumes).toContainEqual(
        expect.objectContaining({ name: 'tls', secret: { secretName: `${name}-tls`, defaultMode: 0o440 } }),
      );
      const { volumeMounts } = spec.template.spec.containers[0]!;
      expect(volumeMounts).toContainEqual({ name: 'tls', mountPath: '/run/tls', readOnly: true });
    }
    expect(certificates).toHaveLength(serviceNames.length + 3);

    const settings = tls.find((manifest) => idOf(manifest) === 'ConfigMap/settings')!.data!;
    for (const service of serviceNames) {
      const { env = [], ...container } = workloadsOf(tls).find(({ metadata }) => metadata.name === service)!
        .spec.template.spec.containers[0]!;
      const own = Object.fromEntries(env.map(({ name, value }) => [name, value]));
      const config = parseConfig(textWorkerConfig, { ...settings, ...own, AUTH_MODE: 'off' });
      const policy = tls.find((manifest) => idOf(manifest) === `NetworkPolicy/${service}`)!;
      const letIn = policy
        .spec!.ingress!.flatMap(({ from = [] }) => from)
        .map(({ podSelector }) => podSelector!.matchLabels!['app.kubernetes.io/name']);
      expect(config).toMatchObject({ TLS_DIR: '/run/tls', TLS_CALLERS: letIn });
      const probes = container.ports!.find(({ containerPort }) => containerPort === config.PROBE_PORT)!.name;
      for (const probe of [container.startupProbe, container.readinessProbe, container.livenessProbe])
        expect(probe).toHaveProperty('httpGet.port', probes);
    }
    const ofKubernetes = tls.filter(({ apiVersion }) => !apiVersion.startsWith('cert-manager.io/'));
    expect(ofKubernetes.flatMap(schemaProblems)).toEqual([]);
  });

  test('the component observe-tls gives the exporters of PostgreSQL and Redis certificates', () => {
    const all = renderWith('observe-tls');
    for (const name of ['postgres-exporter', 'redis-exporter']) {
      const issued = all.find((manifest) => idOf(manifest) === `Certificate/${name}`);
      expect(issued).toMatchObject({ spec: { secretName: `${name}-tls`, dnsNames: [name] } });
      const { spec } = workloadsOf(all).find(({ metadata }) => metadata.name === name)!;
      expect(spec.template.spec.volumes).toContainEqual({
        name: 'tls',
        secret: { secretName: `${name}-tls`, defaultMode: 0o440 },
      });
      const { env, volumeMounts } = spec.template.spec.containers[0]!;
      expect(volumeMounts).toContainEqual({ name: 'tls', mountPath: '/run/tls', readOnly: true });
      expect(JSON.stringify(env)).toMatch(/rediss:\/\/redis:6379|sslmode=verify-full/);
    }
    const problems = all
      .filter(({ apiVersion, kind }) => !apiVersion.startsWith('cert-manager.io/') && kind !== 'DaemonSet')
      .flatMap(schemaProblems);
    expect(problems).toEqual([]);
  });

  describe('a component for the way in', () => {
    const uploadSeconds = 150;

    test('ingress-nginx allows uploads, and waits for them', () => {
      const ingress = renderWith('ingress-nginx').find(({ kind }) => kind === 'Ingress')!;
      const { annotations = {} } = ingress.metadata as { annotations?: Record<string, string> };
      expect(annotations['nginx.ingress.kubernetes.io/proxy-body-size']).toBe('21m');
      for (const time of ['read', 'send'])
        expect(Number(annotations[`nginx.ingress.kubernetes.io/proxy-${time}-timeout`])).toBeGreaterThan(
          uploadSeconds,
        );
      expect(ingress.spec).toMatchObject({
        ingressClassName: 'nginx',
        tls: [{ secretName: 'millrace-tls' }],
      });
    });

    test('traefik changes only the class', () => {
      const withTraefik = renderWith('traefik').map((manifest) =>
        manifest.kind === 'Ingress'
          ? { ...manifest, spec: { ...manifest.spec, ingressClassName: undefined } }
          : manifest,
      );
      expect(withTraefik).toEqual(render('overlays/prod'));
    });

    test('gateway-api replaces the Ingress, ends no event stream, and leads only to Nginx', () => {
      const all = renderWith('gateway-api');
      expect(all.filter(({ kind }) => kind === 'Ingress')).toEqual([]);
      const route = all.find(({ kind }) => kind === 'HTTPRoute') as unknown as {
        spec: { hostnames: string[]; rules: object[] };
      };
      const backendRefs = [{ name: 'nginx-service', port: 80 }];
      expect(route.spec.rules).toEqual([
        {
          matches: [{ path: { type: 'PathPrefix', value: '/api' } }],
          timeouts: { request: '0s' },
          backendRefs,
        },
        { timeouts: { request: '240s' }, backendRefs },
      ]);
      const gateway = all.find(({ kind }) => kind === 'Gateway') as unknown as {
        spec: { listeners: { hostname: string }[] };
      };
      expect(gateway.spec.listeners.map(({ hostname }) => hostname)).toEqual(route.spec.hostnames);
    });
  });

  test('the component https makes Nginx serve HTTPS and HTTP/3, and removes the Ingress, which would only get redirects', () => {
    const all = renderWith('https');
    const of = (id: string) => all.find((manifest) => idOf(manifest) === id)!;
    expect(all.filter(({ kind }) => kind === 'Ingress')).toEqual([]);
    expect(all.flatMap(schemaProblems)).toEqual([]);

    const numbers = (ports: object[]) => ports as { port: number; targetPort: string; protocol?: string }[];
    expect(
      numbers(of('Service/nginx-service').spec!.ports!).map(({ port, targetPort, protocol = 'TCP' }) => [
        port,
        targetPort,
        protocol,
      ]),
    ).toEqual([
      [80, 'http', 'TCP'],
      [443, 'https', 'TCP'],
      [443, 'http3', 'UDP'],
    ]);
    expect(of('NetworkPolicy/nginx').spec).toMatchObject({
      ingress: [
        {
          ports: [
            { port: 'http', protocol: 'TCP' },
            { port: 'https', protocol: 'TCP' },
            { port: 'http3', protocol: 'UDP' },
          ],
        },
      ],
    });

    const { spec } = workloadsOf(all).find(({ metadata }) => metadata.name === 'nginx')!;
    const [container] = spec.template.spec.containers;
    expect(container).toMatchObject({
      env: expect.arrayContaining([
        { name: 'HTTPS_CERT_FILE', value: '/run/https/tls.crt' },
        { name: 'HTTPS_KEY_FILE', value: '/run/https/tls.key' },
        expect.objectContaining({ name: 'SERVER_NAMES' }),
      ]),
      ports: expect.arrayContaining([
        { name: 'https', containerPort: 8443, protocol: 'TCP' },
        { name: 'http3', containerPort: 8443, protocol: 'UDP' },
        expect.objectContaining({ name: 'http' }),
      ]),
      volumeMounts: expect.arrayContaining([{ name: 'https', mountPath: '/run/https', readOnly: true }]),
    });
    expect(spec.template.spec.volumes).toContainEqual({
      name: 'https',
      secret: { secretName: 'millrace-edge-tls', defaultMode: 0o440 },
    });
  });

  test('with the component https, load-test.sh calls HTTPS, and trusts the certificate in its Secret', () => {
    const all = render('overlays/components/https/load-test');
    expect(all.flatMap(schemaProblems)).toEqual([]);
    const job = all.find(({ kind }) => kind === 'Job') as unknown as Workload;
    const { containers, volumes } = job.spec.template.spec;
    expect(containers[0]).toMatchObject({
      args: ['--url', 'https://millrace.example.com', '-n', '20', '-c', '20'],
      env: [{ name: 'CURL_HOME', value: '/curl' }],
    });
    const curl = all.find(({ kind }) => kind === 'ConfigMap')!;
    expect(curl.data!['.curlrc']).toContain('connect-to = "::nginx-service:443"');
    expect(volumes).toContainEqual({
      name: 'curl',
      projected: {
        sources: [
          { configMap: { name: curl.metadata.name } },
          { secret: { name: 'millrace-edge-tls', items: [{ key: 'tls.crt', path: 'tls.crt' }] } },
        ],
      },
    });
    const policy = all.find(({ kind }) => kind === 'NetworkPolicy')!;
    expect(policy.spec).toMatchObject({ egress: [{ ports: [{ port: 8443 }] }] });
  });

  describe('observe', () => {
    const observe = hasKubectl ? render('overlays/observe') : [];
    const inLogs = observe.filter(({ metadata }) => metadata.namespace === 'millrace-logs');
    const collector = inLogs.find(({ kind }) => kind === 'DaemonSet') as Workload | undefined;

    const added = new Set([
      'prometheus',
      'alertmanager',
      'grafana',
      'postgres-exporter',
      'redis-exporter',
      'victoria-logs',
    ]);

    test('keeps every rule except those for services with several replicas', () => {
      const exempt = new RegExp(
        [
          `Deployment/(${[...added].join('|')}): (no PodDisruptionBudget|maxUnavailable|replicas would)`,
          // It may not make Nginx unready.
          'Deployment/nginx: nginx-exporter: has no ',
          'nobody needs .*(prometheus|alertmanager|grafana|exporter|any)',
        ].join('|'),
      );
      // The log collector has its own rules, below.
      const beside = observe.filter(
        ({ metadata }) => ![metadata.name, metadata.namespace].includes('millrace-logs'),
      );
      expect(problemsOf(beside, exempt)).toEqual([]);
      expect(inLogs.flatMap(schemaProblems)).toEqual([]);
    });

    test('fits into the quota of prod', () => {
      for (const [what, share] of sharesOfQuota(renderWith('observe'))) {
        expect([what, share]).toEqual([what, expect.any(Number)]);
        expect([what, share <= 1]).toEqual([what, true]);
      }
    });

    test('lets Prometheus call each exporter, and each exporter its server', () => {
      const policies = observe.filter(({ kind }) => kind === 'NetworkPolicy');
      const from = (name: string) => ({ podSelector: { matchLabels: { 'app.kubernetes.io/name': name } } });
      const mayReach = (caller: string, called: string) =>
        policies.some(
          ({ spec }) =>
            JSON.stringify(spec!.podSelector) === JSON.stringify(from(called).podSelector) &&
            spec!.ingress?.some((rule) => JSON.stringify(rule.from) === JSON.stringify([from(caller)])),
        );
      for (const [caller, called] of [
        ['prometheus', 'nginx'],
        ['prometheus', 'postgres-exporter'],
        ['prometheus', 'redis-exporter', 'victoria-logs'],
        ['postgres-exporter', 'postgres'],
        ['redis-exporter', 'redis'],
      ] as const)
        expect([caller, called, mayReach(caller, called)]).toEqual([caller, called, true]);
    });

    test('lets the log collector read its node’s log files, and nothing else', () => {
      const { spec } = collector!.spec.template;
      expect(spec.volumes!.filter(({ hostPath }) => hostPath)).toEqual([
        { name: 'pods', hostPath: { path: '/var/log/pods', type: 'Directory' } },
      ]);
      expect(spec.containers[0]!.volumeMounts).toContainEqual({
        name: 'pods',
        mountPath: '/var/log/pods',
        readOnly: true,
      });
      expect(
        workloadsOf(observe).filter((each) => each.spec.template.spec.volumes?.some((v) => v.hostPath)),
      ).toEqual([]);
    });

    test('keeps it from everything else', () => {
      const like = { ...collector!, kind: 'Deployment', metadata: { ...collector!.metadata } };
      const problems = Object.entries(rules)
        .filter(([rule]) => /^(a pod|a container|an image)/.test(rule))
        .flatMap(([, check]) => check([...inLogs, like]));
      expect(problems).toEqual(['Deployment/log-collector: mounts a folder of its node (hostPath)']);
      expect(observe.filter(({ kind }) => /Role/.test(kind))).toEqual([]);
    });

    test('lets only the log collector reach the log store', () => {
      const policy = observe.find((each) => idOf(each) === 'NetworkPolicy/victoria-logs')!;
      expect(policy.spec!.ingress!.flatMap(({ from }) => from)).toEqual([
        {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'millrace-logs' } },
          podSelector: { matchLabels: { 'app.kubernetes.io/name': 'log-collector' } },
        },
      ]);
      expect(
        inLogs.filter(({ kind }) => kind === 'NetworkPolicy').flatMap(({ spec }) => spec!.ingress ?? []),
      ).toEqual([]);
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

    test('uses an API key with sign-in', () => {
      const secured = hasKubectl ? renderWith(['auth', 'keda-auth'], 'keda') : [];
      expect(problemsOf(secured, /there is no Secret (service-token|keda-key)$/)).toEqual([]);
      const scaler = secured.find(({ kind }) => kind === 'ScaledObject') as unknown as {
        metadata: { name: string };
        spec: { triggers: { metadata: object; authenticationRef: { name: string } }[] };
      };
      const authentication = secured.find(({ kind }) => kind === 'TriggerAuthentication')!;
      for (const { metadata, authenticationRef } of scaler.spec.triggers) {
        expect(metadata).toMatchObject({ authMode: 'bearer' });
        expect(authenticationRef.name).toBe(authentication.metadata.name);
      }
    });

    test('uses the count from the job summary', () => {
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
