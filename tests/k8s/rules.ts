// Rules for the manifests as a whole, beyond their form: each has a name and returns its violations.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ServiceName, serviceNames, services } from '#topology';
import { idOf, type Manifest, type PodSpec, root, type Workload, workloadsOf } from './manifests.js';

export type Rule = (manifests: Manifest[]) => string[];

/** A rule for each pod separately. */
const forEachPod =
  (check: (pod: PodSpec, workload: Workload) => (string | false | undefined)[]): Rule =>
  (manifests) =>
    workloadsOf(manifests).flatMap((workload) =>
      check(workload.spec.template.spec, workload)
        .filter((problem) => typeof problem === 'string')
        .map((problem) => `${idOf(workload)}: ${problem}`),
    );

const forEachContainer = (
  check: (container: PodSpec['containers'][number]) => (string | false | undefined)[],
): Rule =>
  forEachPod((pod) =>
    [...pod.containers, ...(pod.initContainers ?? [])].flatMap((container) =>
      check(container).map((problem) => problem && `${container.name}: ${problem}`),
    ),
  );

export const rules: Record<string, Rule> = {
  'a pod runs as a user who is not root, and with the calls that its runtime allows': forEachPod(
    ({ securityContext: context }) => [
      context?.runAsNonRoot !== true && 'runAsNonRoot is not true',
      !context?.runAsUser && 'runAsUser is not a number above 0',
      context?.seccompProfile?.type !== 'RuntimeDefault' && 'its seccompProfile is not RuntimeDefault',
    ],
  ),

  'a pod has nothing of its node': forEachPod((pod) => [
    (pod.hostNetwork || pod.hostPID || pod.hostIPC) && 'shares a namespace with its node',
    pod.volumes?.some(({ hostPath }) => hostPath) && 'mounts a folder of its node (hostPath)',
    pod.volumes?.some(({ emptyDir }) => emptyDir && !emptyDir.sizeLimit) && 'an emptyDir has no sizeLimit',
  ]),

  'a container cannot become more than it is': forEachContainer(({ securityContext: context }) => [
    context?.privileged && 'is privileged',
    context?.allowPrivilegeEscalation !== false && 'allowPrivilegeEscalation is not false',
    context?.readOnlyRootFilesystem !== true && 'readOnlyRootFilesystem is not true',
    !context?.capabilities?.drop?.includes('ALL') && 'does not drop ALL capabilities',
    context?.capabilities?.add !== undefined && 'adds capabilities',
  ]),

  'a pod has its own account, without a token': (manifests) => {
    const accounts = manifests.filter(({ kind }) => kind === 'ServiceAccount');
    return forEachPod((pod, { metadata }) => [
      pod.serviceAccountName !== metadata.name && `its serviceAccountName is not ${metadata.name}`,
      pod.automountServiceAccountToken !== false && 'automountServiceAccountToken is not false',
      !accounts.some((account) => account.metadata.name === pod.serviceAccountName) &&
        `there is no ServiceAccount ${pod.serviceAccountName}`,
    ])(manifests).concat(
      accounts
        .filter(({ automountServiceAccountToken }) => automountServiceAccountToken !== false)
        .map((account) => `${idOf(account)}: automountServiceAccountToken is not false`),
    );
  },

  'a pod gets no environment variables from the names of Services': forEachPod((pod) => [
    pod.enableServiceLinks !== false && 'enableServiceLinks is not false',
  ]),

  // Not one that ends before the others start.
  'a container has three probes, and readiness is another question than liveness': forEachPod((pod) =>
    pod.containers.flatMap(({ name, startupProbe, readinessProbe, livenessProbe }) =>
      [
        !startupProbe && 'has no startupProbe',
        !readinessProbe && 'has no readinessProbe',
        !livenessProbe && 'has no livenessProbe',
        readinessProbe !== undefined &&
          question(readinessProbe) === question(livenessProbe) &&
          'its readinessProbe asks the same as its livenessProbe',
      ].map((problem) => problem && `${name}: ${problem}`),
    ),
  ),

  'a container asks for CPU, memory and disk, and has a limit of each': forEachContainer(({ resources }) =>
    ['cpu', 'memory', 'ephemeral-storage'].flatMap((what) => [
      !resources?.requests?.[what] && `requests no ${what}`,
      !resources?.limits?.[what] && `has no limit of ${what}`,
    ]),
  ),

  'an image is one of those that Compose runs, with the same tag': (manifests) => {
    const known = imagesOfCompose();
    return forEachContainer(({ image, imagePullPolicy }) => [
      !known.has(image) && `the image ${image} is none of docker-compose.yaml's: ${[...known].join(', ')}`,
      imagePullPolicy !== 'IfNotPresent' && 'its imagePullPolicy is not IfNotPresent',
    ])(manifests);
  },

  'a pod may take longer to end than its longest work takes': forEachPod((pod) => {
    const grace = pod.terminationGracePeriodSeconds ?? 30;
    return pod.containers.map(({ env = [], lifecycle }) => {
      const timeout = env.find(({ name }) => name === 'SHUTDOWN_TIMEOUT_MS')?.value ?? '30000';
      const needed = (lifecycle?.preStop?.sleep?.seconds ?? 0) + Number(timeout) / 1_000;
      return grace < needed && `its grace period is ${grace} s, and it may need ${needed} s`;
    });
  }),

  'a replica that is asked by others serves on while they may know its address, up to 30 s from DNS': (
    manifests,
  ) =>
    forEachPod((pod, { metadata }) => [
      isService(metadata.name) &&
        (pod.containers[0]?.lifecycle?.preStop?.sleep?.seconds ?? 0) <= 30 &&
        'its preStop sleep is not above 30 s',
    ])(manifests),

  'a Deployment keeps its capacity during a rollout, and does not set its replicas': (manifests) =>
    workloadsOf(manifests)
      .filter(({ kind }) => kind === 'Deployment')
      .flatMap((deployment) => {
        const { strategy } = deployment.spec as {
          strategy?: { rollingUpdate?: { maxUnavailable?: number } };
        };
        return [
          strategy?.rollingUpdate?.maxUnavailable !== 0 && `${idOf(deployment)}: maxUnavailable is not 0`,
          deployment.spec.replicas !== undefined && `${idOf(deployment)}: replicas would undo every scaling`,
        ].filter((problem) => typeof problem === 'string');
      }),

  'everything that a pod refers to exists': (manifests) => {
    const has = (kind: string, name: string, keys: string[] = []) => {
      const found = manifests.find((each) => each.kind === kind && each.metadata.name === name);
      if (!found) return `there is no ${kind} ${name}`;
      const missing = keys.filter((key) => !(key in (found.data ?? {})));
      return missing.length > 0 && `the ${kind} ${name} has no ${missing.join(', ')}`;
    };
    return forEachPod(({ containers, volumes = [] }) => [
      ...volumes.flatMap(({ persistentVolumeClaim, configMap, secret, projected }) => [
        persistentVolumeClaim && has('PersistentVolumeClaim', persistentVolumeClaim.claimName),
        configMap && has('ConfigMap', configMap.name),
        secret &&
          has(
            'Secret',
            secret.secretName,
            secret.items?.map(({ key }) => key),
          ),
        ...(projected?.sources ?? []).map(
          ({ secret: source }) =>
            source &&
            has(
              'Secret',
              source.name,
              source.items?.map(({ key }) => key),
            ),
        ),
      ]),
      ...containers.flatMap(({ envFrom = [] }) =>
        envFrom.map(({ configMapRef }) => configMapRef && has('ConfigMap', configMapRef.name)),
      ),
      ...containers.flatMap(({ volumeMounts = [] }) =>
        volumeMounts.map(
          ({ name }) => !volumes.some((volume) => volume.name === name) && `has no volume ${name}`,
        ),
      ),
    ])(manifests);
  },

  'a service has no password of the role that owns its tables': forEachPod(
    ({ containers, volumes = [] }, { metadata }) => {
      if (!isService(metadata.name)) return [];
      const open = (mounted: string) => {
        const { secret, projected } = volumes.find(({ name }) => name === mounted) ?? {};
        const sources = [secret?.items, ...(projected?.sources ?? []).map((source) => source.secret?.items)];
        return sources.flat().some((item) => item?.key.endsWith('_migrate_password'));
      };
      return containers.flatMap(({ name, volumeMounts = [] }) =>
        volumeMounts.map((mount) => open(mount.name) && `${name} mounts ${mount.name}`),
      );
    },
  ),

  'every component has its Service, its PodDisruptionBudget and its NetworkPolicy': (manifests) =>
    workloadsOf(manifests).flatMap((workload) => {
      const { name } = workload.metadata;
      const labels = JSON.stringify(workload.spec.template.metadata.labels);
      const selects = (selector: unknown) =>
        JSON.stringify(selector) === `{"app.kubernetes.io/name":"${name}"}`;
      const of = (kind: string) =>
        manifests.filter(({ kind: other, spec }) => {
          if (other !== kind) return false;
          return selects(
            kind === 'Service' ? spec?.selector : (spec?.podSelector ?? spec?.selector)?.matchLabels,
          );
        });
      return [
        !labels.includes(`"app.kubernetes.io/name":"${name}"`) && 'its pods have another name',
        ...['Service', 'PodDisruptionBudget', 'NetworkPolicy'].map(
          (kind) => of(kind).length === 0 && `no ${kind} selects it`,
        ),
        ...of('Service').flatMap(({ spec }) =>
          spec!.ports!.map(({ targetPort }) => {
            const ports = workload.spec.template.spec.containers.flatMap(({ ports: all = [] }) => all);
            return (
              !ports.some((port) => port.name === targetPort) &&
              `its Service leads to no port of it: ${targetPort}`
            );
          }),
        ),
      ]
        .filter((problem) => typeof problem === 'string')
        .map((problem) => `${idOf(workload)}: ${problem}`);
    }),

  'the targets of autoscalers and Ingresses exist': (manifests) => {
    const names = (kind: string) =>
      manifests.filter((each) => each.kind === kind).map(({ metadata }) => metadata.name);
    return manifests.flatMap((manifest) => {
      const { scaleTargetRef, rules: hosts = [] } = manifest.spec ?? {};
      const services = hosts.flatMap(({ http }) => http.paths.map(({ backend }) => backend.service.name));
      return [
        ...(scaleTargetRef && !names('Deployment').includes(scaleTargetRef.name)
          ? [scaleTargetRef.name]
          : []),
        ...services.filter((service) => !names('Service').includes(service)),
      ].map((missing) => `${idOf(manifest)}: there is no ${missing}`);
    });
  },

  'Nginx serves every host of an Ingress': (manifests) => {
    const settings = manifests.find(
      ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'settings',
    );
    const given = settings?.data?.['SERVER_NAMES']?.split(',') ?? [];
    const always = readFileSync(join(root, 'nginx/origins.conf'), 'utf8');
    return manifests
      .filter(({ kind }) => kind === 'Ingress')
      .flatMap(({ spec }) => (spec?.rules ?? []).map(({ host }) => host))
      .filter((host) => !given.includes(host) && !always.includes(`\n    ${host} 1;\n`))
      .map((host) => `${host} is neither in nginx/origins.conf nor in SERVER_NAMES`);
  },

  'everything lies in the namespace, which enforces the restricted standard, and says what it belongs to': (
    manifests,
  ) =>
    manifests.flatMap((manifest) => {
      const { namespace, labels = {} } = manifest.metadata;
      return [
        manifest.kind === 'Namespace'
          ? !(
              labels['pod-security.kubernetes.io/enforce'] === 'restricted' &&
              /^v1\.\d+$/.test(labels['pod-security.kubernetes.io/enforce-version'] ?? '')
            ) && 'does not enforce restricted, as of a version'
          : namespace !== 'millrace' && 'its namespace is not millrace',
        !labels['app.kubernetes.io/name'] && 'has no label app.kubernetes.io/name',
        labels['app.kubernetes.io/part-of'] !== 'millrace' &&
          'has no label app.kubernetes.io/part-of: millrace',
      ]
        .filter((problem) => typeof problem === 'string')
        .map((problem) => `${idOf(manifest)}: ${problem}`);
    }),

  'NetworkPolicies allow exactly the calls of the topology': (manifests) => {
    const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy');
    const denied = policies.some(
      ({ spec }) =>
        JSON.stringify(spec?.podSelector) === '{}' &&
        spec?.policyTypes?.length === 2 &&
        !spec.ingress &&
        !spec.egress,
    );
    const nameOf = (selector?: { matchLabels?: Record<string, string> }) =>
      selector?.matchLabels?.['app.kubernetes.io/name'] ?? 'any';
    const arrows = (direction: 'ingress' | 'egress') =>
      policies
        .flatMap(({ spec }) => {
          const own = nameOf(spec?.podSelector);
          const peers = [
            ...(direction === 'ingress' ? (spec?.ingress ?? []).map(({ from }) => from) : []),
            ...(direction === 'egress' ? (spec?.egress ?? []).map(({ to }) => to) : []),
          ].flatMap((some) => some ?? []);
          return peers
            .filter(({ namespaceSelector, ipBlock }) => !namespaceSelector && !ipBlock)
            .map(({ podSelector }) =>
              direction === 'ingress' ? `${nameOf(podSelector)} → ${own}` : `${own} → ${nameOf(podSelector)}`,
            );
        })
        .sort();
    const expected = callsOfTheProduct();
    return [
      ...(denied ? [] : ['there is no policy that denies everything else']),
      ...(['ingress', 'egress'] as const).flatMap((direction) => [
        ...expected
          .filter((arrow) => !arrows(direction).includes(arrow))
          .map((arrow) => `${direction}: no ${arrow}`),
        ...arrows(direction)
          .filter((arrow) => !expected.includes(arrow))
          .map((arrow) => `${direction}: nobody needs ${arrow}`),
      ]),
    ];
  },

  'the services get only settings that they know': (manifests) => {
    const known = new Set(
      [...readFileSync(join(root, 'docs/CONFIGURATION.md'), 'utf8').matchAll(/^\| `([A-Z_]+)`/gm)].map(
        ([, name]) => name,
      ),
    );
    const settings = manifests.find(
      ({ metadata, kind }) => kind === 'ConfigMap' && metadata.name === 'settings',
    );
    const unknown = (names: string[]) => names.filter((name) => !known.has(name.replace(/_FILE$/, '')));
    return [
      ...unknown(Object.keys(settings?.data ?? {})).map((name) => `ConfigMap/settings: ${name}`),
      ...workloadsOf(manifests)
        .filter(({ metadata }) => isService(metadata.name))
        .flatMap((workload) =>
          unknown(
            workload.spec.template.spec.containers.flatMap(({ env = [] }) => env.map(({ name }) => name)),
          ).map((name) => `${idOf(workload)}: ${name}`),
        ),
    ];
  },
};

function isService(name: string): name is ServiceName {
  return (serviceNames as readonly string[]).includes(name);
}

/** Who calls whom, according to the topology: "nginx → task-api". */
function callsOfTheProduct(): string[] {
  return [
    ...serviceNames.flatMap((service) => {
      const { publicPaths, calls = {}, postgres, redis } = services[service];
      return [
        ...(publicPaths ? [`nginx → ${service}`] : []),
        ...Object.keys(calls).map((called) => `${service} → ${called}`),
        ...(postgres ? [`${service} → postgres`] : []),
        ...(redis || publicPaths ? [`${service} → redis`] : []),
      ];
    }),
  ].sort();
}

/** What a probe requests, without its timing. */
function question(probe: unknown): string {
  const { httpGet, exec, tcpSocket } = probe as Record<string, unknown>;
  return JSON.stringify({ httpGet, exec, tcpSocket });
}

function imagesOfCompose(): Set<string> {
  const compose = readFileSync(join(root, 'docker-compose.yaml'), 'utf8');
  return new Set(
    [...compose.matchAll(/^ {4}image: (\S+)$/gm)].map(([, image]) =>
      image!.replace('${VERSION:-dev}', 'dev'),
    ),
  );
}
