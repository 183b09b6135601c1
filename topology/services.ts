// The topology: which services there are, who calls whom, and what each of them needs. Manifests, NetworkPolicies, Nginx's upstreams,
// Compose's services and the README's diagram are made from it by `npm run generate`; the local stack imports it as `#topology`.

/** The port of every service in a container or a pod. */
export const servicePort = 3000;

/** What is not ours: its label in Kubernetes, and the port that others reach it on. */
export const servers = {
  nginx: { component: 'proxy', port: 8080 },
  postgres: { component: 'database', port: 5432 },
  redis: { component: 'queue', port: 6379 },
} as const;

type Service<Name extends string> = {
  /** In a sentence. */
  purpose: string;
  component: 'gateway' | 'api' | 'worker';
  /** What Nginx passes on to it; nginx/routes.conf has the details. A service without is reached by other services only. */
  publicPaths?: string[];
  /** The services that it calls, and what for. */
  calls?: Partial<Record<NoInfer<Name>, string>>;
  /** Those of them that Compose starts before it. */
  startsAfter?: NoInfer<Name>[];
  /** Its role in PostgreSQL (postgres/roles.sql), and what it keeps there. */
  postgres?: { role: 'task_api' | 'user_api'; for: string };
  /** Its user of Redis (redis/users.conf), and what for. */
  redis?: { user: 'web_gateway' | 'task_api' | 'queue_worker'; for: string };
  resources: {
    /** What Kubernetes sets aside for it, in thousandths of a CPU. It may use a whole one. */
    cpu: number;
    /** MiB: what Kubernetes sets aside, and where it ends, in Compose too. Measured: docs/OPERATIONS.md. */
    memory: { request: number; limit: number };
  };
  /** Work that takes seconds: in Compose it gets less CPU than what takes milliseconds, when all want more than there is. */
  isSlow?: true;
  /** Pictures lie outside of V8's heap, which Compose keeps small for it. */
  holdsPictures?: true;
  drain: Drain;
  /** Its HorizontalPodAutoscaler, or why it has none. */
  scaling: { cpu: number; maxReplicas: number } | { byHand: string };
  /** What Compose takes for it from the shell or .env; 0 unless set. */
  fromShell?: string[];
};

/** How long a stop may take, in seconds. */
type Drain = {
  /** What it waits for. */
  for: string;
  compose: Stop;
  kubernetes: Stop;
};
type Stop = {
  /** For what is in work: SHUTDOWN_TIMEOUT_MS, which is 30 s unless said otherwise. */
  timeout?: number;
  /** Until it is killed. In Kubernetes, the preStop sleep of 35 s is part of it. */
  grace: number;
};

const requests: Drain = { for: 'requests', compose: { grace: 35 }, kubernetes: { grace: 75 } };
const anEffect: Drain = {
  for: 'the effect in work, as long as a caller waits for one: 120 s',
  compose: { timeout: 125, grace: 165 },
  kubernetes: { timeout: 125, grace: 165 },
};

/** Thousandths of a CPU for each replica, whatever it has set aside: one Node process can use about one CPU. */
const byCpu = { cpu: 500, maxReplicas: 4 };

export const services = define({
  'web-gateway': {
    purpose: 'The web page, /analyze, /upload, /image/:id, and the health of the whole.',
    component: 'gateway',
    publicPaths: ['/', '/analyze', '/upload', '/image'],
    calls: {
      'task-api': 'jobs',
      'user-api': 'health',
      'text-worker': 'texts',
      'blur-worker': 'pictures',
      'bw-worker': 'pictures',
      'queue-worker': 'health',
    },
    startsAfter: ['task-api'],
    redis: { user: 'web_gateway', for: 'finished pictures' },
    resources: { cpu: 75, memory: { request: 128, limit: 768 } },
    holdsPictures: true,
    drain: {
      for: 'the longest upload: 150 s, as long as Nginx waits for it',
      compose: { timeout: 160, grace: 165 },
      kubernetes: { timeout: 160, grace: 200 },
    },
    scaling: byCpu,
  },

  'task-api': {
    purpose: 'Tasks and jobs in PostgreSQL; the one producer of queued work.',
    component: 'api',
    publicPaths: ['/api', '/tasks', '/add'],
    postgres: { role: 'task_api', for: 'tasks, jobs' },
    redis: { user: 'task_api', for: 'queues jobs' },
    resources: { cpu: 75, memory: { request: 96, limit: 512 } },
    holdsPictures: true,
    drain: requests,
    scaling: byCpu,
  },

  'user-api': {
    purpose: 'Users in PostgreSQL.',
    component: 'api',
    publicPaths: ['/user'],
    postgres: { role: 'user_api', for: 'users' },
    resources: { cpu: 75, memory: { request: 64, limit: 192 } },
    drain: requests,
    scaling: byCpu,
  },

  'text-worker': {
    purpose: 'Word count and reversal.',
    component: 'worker',
    resources: { cpu: 50, memory: { request: 64, limit: 128 } },
    drain: requests,
    scaling: byCpu,
  },

  'blur-worker': {
    purpose: 'Gaussian blur.',
    component: 'worker',
    resources: { cpu: 50, memory: { request: 96, limit: 1280 } },
    isSlow: true,
    drain: anEffect,
    scaling: {
      byHand:
        'while it waits for BLUR_DELAY_MS its CPU says nothing, and would undo what was scaled by hand. overlays/prod has one.',
    },
    fromShell: ['BLUR_DELAY_MS'],
  },

  'bw-worker': {
    purpose: 'Greyscale.',
    component: 'worker',
    resources: { cpu: 50, memory: { request: 96, limit: 1280 } },
    isSlow: true,
    drain: anEffect,
    scaling: byCpu,
  },

  'queue-worker': {
    purpose: 'Consumes the Redis queue.',
    component: 'worker',
    calls: {
      'task-api': 'claims and reports jobs',
      'text-worker': 'texts',
      'blur-worker': 'pictures',
      'bw-worker': 'pictures',
    },
    startsAfter: ['task-api'],
    redis: { user: 'queue_worker', for: 'takes jobs' },
    resources: { cpu: 50, memory: { request: 96, limit: 768 } },
    isSlow: true,
    holdsPictures: true,
    drain: {
      for: 'the jobs in work, in half of it; another worker does what is left when their leases run out',
      compose: { timeout: 160, grace: 165 },
      kubernetes: { timeout: 500, grace: 540 },
    },
    scaling: { byHand: 'CPU says nothing of how much there is to do. overlays/keda scales by the queue.' },
    fromShell: ['TASK_DELAY_MS'],
  },
});

export type ServiceName = keyof typeof services;

export const serviceNames = Object.keys(services) as ServiceName[];

/** blur-worker → BLUR_WORKER, as in BLUR_WORKER_URLS */
export function variableName(service: string): string {
  return service.toUpperCase().replaceAll('-', '_');
}

/** Holds each service to the form above, and its calls to services that there are. */
function define<Name extends string>(all: Record<Name, Service<Name>>): Record<Name, Service<Name>> {
  return all;
}
