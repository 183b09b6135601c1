// The topology: which services there are, who calls whom, and what each of them needs. `npm run generate` makes from it the manifests,
// NetworkPolicies, Nginx upstreams, Compose services and the README's diagram; local processes and tests import it as `#topology`.

/** The port of every service in a container or pod. */
export const servicePort = 3000;

/** Where every service serves its metrics there: the registered port of OpenTelemetry's Prometheus exporter. */
export const metricsPort = 9464;

/** Where every service answers the kubelet's probes there, if its own port requires a certificate. */
export const probePort = 3001;

/** The third-party programs: their Kubernetes component label, and the port that others connect to. */
export const servers = {
  nginx: { component: 'proxy', port: 8080 },
  postgres: { component: 'database', port: 5432 },
  redis: { component: 'queue', port: 6379 },
} as const;

type Service<Name extends string> = {
  /** One sentence. */
  purpose: string;
  component: 'gateway' | 'api' | 'worker';
  /** What Nginx routes to it; nginx/routes.conf has the details. Such a service limits its clients, in Redis. Without it, the service is internal. */
  publicPaths?: string[];
  /** The services it calls, and what for. */
  calls?: Partial<Record<NoInfer<Name>, string>>;
  /** The services that Compose starts first. */
  startsAfter?: NoInfer<Name>[];
  /** Its database role (postgres/roles.sql), and what it stores. */
  postgres?: { role: 'task_api' | 'user_api'; for: string };
  /** Its Redis user (redis/users.conf), and what for. */
  redis?: { user: 'web_gateway' | 'task_api' | 'queue_worker'; for: string };
  resources: {
    /** What Kubernetes reserves; the limit is one CPU. */
    cpu: string;
    /** MiB: what Kubernetes reserves, and the limit there and in Compose. Measured: docs/OPERATIONS.md. */
    memory: { request: number; limit: number };
  };
  /** Its work takes seconds: in Compose, services whose work takes milliseconds have priority when CPU is short. */
  isSlow?: true;
  /** It holds images, which are outside V8's heap: Compose limits the heap to leave room for them. */
  holdsImages?: true;
  shutdown: Shutdown;
  /** Its HorizontalPodAutoscaler, or why it has none. */
  scaling: { cpu: string; maxReplicas: number } | { byHand: string };
  /** Settings that Compose takes from the shell or .env, with their defaults. */
  fromShell?: Record<string, number>;
};

type Shutdown = {
  /** The work that it finishes first. */
  finishes: string;
  compose: Stop;
  kubernetes: Stop;
};
/** In seconds. */
type Stop = {
  /** SHUTDOWN_TIMEOUT_MS; 30 s by default. */
  timeout?: number;
  /** When it is killed. In Kubernetes this includes the preStop sleep of 35 s. */
  grace: number;
};

const shortShutdown: Shutdown = {
  finishes: 'requests',
  compose: { grace: 35 },
  kubernetes: { grace: 75 },
};
const effectShutdown: Shutdown = {
  finishes: 'the current effect, for which callers wait at most 120 s',
  compose: { timeout: 125, grace: 165 },
  kubernetes: { timeout: 125, grace: 165 },
};

/** The average of each replica, not a share of its request: one Node process can use about one CPU. */
const byCpu = { cpu: '500m', maxReplicas: 4 };

export const services = define({
  'web-gateway': {
    purpose: 'The web UI, /analyze, /upload, /image/:id, and system health.',
    component: 'gateway',
    publicPaths: ['/', '/analyze', '/upload', '/image'],
    calls: {
      'task-api': 'jobs',
      'user-api': 'health',
      'text-worker': 'texts',
      'blur-worker': 'images',
      'bw-worker': 'images',
      'queue-worker': 'health',
    },
    startsAfter: ['task-api'],
    redis: { user: 'web_gateway', for: 'finished images' },
    resources: { cpu: '75m', memory: { request: 128, limit: 768 } },
    holdsImages: true,
    shutdown: {
      finishes: 'uploads, for which Nginx waits at most 150 s',
      compose: { timeout: 160, grace: 165 },
      kubernetes: { timeout: 160, grace: 200 },
    },
    scaling: byCpu,
    fromShell: { UPLOAD_RATE_BYTES: 33_554_432 },
  },

  'task-api': {
    purpose: 'Tasks and jobs in PostgreSQL; the only producer of queued work.',
    component: 'api',
    publicPaths: ['/api', '/tasks', '/add'],
    postgres: { role: 'task_api', for: 'tasks, jobs' },
    redis: { user: 'task_api', for: 'publishes jobs' },
    resources: { cpu: '75m', memory: { request: 96, limit: 512 } },
    holdsImages: true,
    shutdown: shortShutdown,
    scaling: byCpu,
  },

  'user-api': {
    purpose: 'Users in PostgreSQL.',
    component: 'api',
    publicPaths: ['/user'],
    calls: { 'task-api': 'API keys' },
    postgres: { role: 'user_api', for: 'users' },
    resources: { cpu: '75m', memory: { request: 64, limit: 192 } },
    shutdown: shortShutdown,
    scaling: byCpu,
  },

  'text-worker': {
    purpose: 'Word count and reversal.',
    component: 'worker',
    resources: { cpu: '50m', memory: { request: 64, limit: 128 } },
    shutdown: shortShutdown,
    scaling: byCpu,
  },

  'blur-worker': {
    purpose: 'Gaussian blur.',
    component: 'worker',
    resources: { cpu: '50m', memory: { request: 96, limit: 1280 } },
    isSlow: true,
    shutdown: effectShutdown,
    scaling: {
      byHand:
        'while it waits for BLUR_DELAY_MS it uses no CPU, so one would undo manual scaling. overlays/prod has one.',
    },
    fromShell: { BLUR_DELAY_MS: 0 },
  },

  'bw-worker': {
    purpose: 'Grayscale.',
    component: 'worker',
    resources: { cpu: '50m', memory: { request: 96, limit: 1280 } },
    isSlow: true,
    shutdown: effectShutdown,
    scaling: byCpu,
  },

  'queue-worker': {
    purpose: 'Consumes the Redis queue.',
    component: 'worker',
    calls: {
      'task-api': 'claim, report',
      'text-worker': 'texts',
      'blur-worker': 'images',
      'bw-worker': 'images',
    },
    startsAfter: ['task-api'],
    redis: { user: 'queue_worker', for: 'takes jobs' },
    resources: { cpu: '50m', memory: { request: 96, limit: 768 } },
    isSlow: true,
    holdsImages: true,
    shutdown: {
      finishes: 'its jobs, in half of it; other workers claim the rest',
      compose: { timeout: 160, grace: 165 },
      kubernetes: { timeout: 500, grace: 540 },
    },
    scaling: { byHand: 'CPU does not show how much there is to do. overlays/keda scales by the queue.' },
    fromShell: { TASK_DELAY_MS: 0 },
  },
});

export type ServiceName = keyof typeof services;

export const serviceNames = Object.keys(services) as ServiceName[];

/** blur-worker → BLUR_WORKER, as in BLUR_WORKER_URLS */
export function variableName(service: string): string {
  return service.toUpperCase().replaceAll('-', '_');
}

/** Checks that each service has the shape above and calls services that exist. */
function define<Name extends string>(all: Record<Name, Service<Name>>): Record<Name, Service<Name>> {
  return all;
}
