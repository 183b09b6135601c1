import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

export const root = join(__dirname, '../..');

/** A Kubernetes object, reduced to what these tests look at. The schemas check its form. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  spec?: Spec;
  data?: Record<string, string>;
  automountServiceAccountToken?: boolean;
}

export interface Spec {
  replicas?: number;
  selector?: { matchLabels?: Record<string, string> } & Record<string, unknown>;
  template?: { metadata: { labels: Record<string, string> }; spec: PodSpec };
  ports?: { name?: string; port: number; targetPort?: string | number; nodePort?: number }[];
  type?: string;
  scaleTargetRef?: { name: string };
  podSelector?: PodSelector;
  policyTypes?: string[];
  ingress?: { from?: Peer[]; ports?: { port: number | string }[] }[];
  egress?: { to?: Peer[]; ports?: { port: number | string }[] }[];
  rules?: {
    host: string;
    http: { paths: { path: string; backend: { service: { name: string; port: { name: string } } } }[] };
  }[];
}

interface PodSelector {
  matchLabels?: Record<string, string>;
}

export interface Peer {
  podSelector?: PodSelector;
  namespaceSelector?: PodSelector;
  ipBlock?: { cidr: string };
}

export interface PodSpec {
  serviceAccountName?: string;
  automountServiceAccountToken?: boolean;
  enableServiceLinks?: boolean;
  terminationGracePeriodSeconds?: number;
  hostNetwork?: boolean;
  hostPID?: boolean;
  hostIPC?: boolean;
  securityContext?: {
    runAsNonRoot?: boolean;
    runAsUser?: number;
    seccompProfile?: { type: string };
  };
  containers: Container[];
  initContainers?: Container[];
  volumes?: Volume[];
}

export interface Volume {
  name: string;
  hostPath?: unknown;
  emptyDir?: { sizeLimit?: string };
  persistentVolumeClaim?: { claimName: string };
  configMap?: { name: string };
  secret?: { secretName: string; items?: { key: string }[] };
  projected?: { sources: { secret?: { name: string; items?: { key: string }[] } }[] };
}

export interface Container {
  name: string;
  image: string;
  imagePullPolicy?: string;
  ports?: { name?: string; containerPort: number }[];
  env?: { name: string; value?: string }[];
  envFrom?: { configMapRef?: { name: string } }[];
  startupProbe?: unknown;
  readinessProbe?: unknown;
  livenessProbe?: unknown;
  lifecycle?: { preStop?: { sleep?: { seconds: number } } };
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
  securityContext?: {
    privileged?: boolean;
    allowPrivilegeEscalation?: boolean;
    readOnlyRootFilesystem?: boolean;
    capabilities?: { drop?: string[]; add?: string[] };
  };
  volumeMounts?: { name: string; mountPath: string; subPath?: string; readOnly?: boolean }[];
}

/** A Deployment or StatefulSet. */
export type Workload = Manifest & { spec: Required<Pick<Spec, 'template'>> & Spec };

/** What `kubectl apply -f k8s/` reads. */
export function readManifests(): Manifest[] {
  return manifestFiles().flatMap((file) => parseManifests(readFileSync(join(root, 'k8s', file), 'utf8')));
}

/** In the order in which kubectl reads them. */
export function manifestFiles(): string[] {
  return readdirSync(join(root, 'k8s'))
    .filter((file) => /\.(ya?ml|json)$/.test(file))
    .sort();
}

/** @throws when the text is not YAML, or contains a duplicate key */
export function parseManifests(text: string): Manifest[] {
  // As kubectl reads it: 0440 is an octal number.
  return parseAllDocuments(text, { version: '1.1' }).map((document) => {
    if (document.errors[0]) throw document.errors[0];
    return document.toJS() as Manifest;
  });
}

export function workloadsOf(manifests: Manifest[]): Workload[] {
  return manifests.filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet') as Workload[];
}

export function idOf({ kind, metadata }: Manifest): string {
  return `${kind}/${metadata.name}`;
}
