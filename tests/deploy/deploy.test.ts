import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { freePort } from '../../local/servers/ports.js';
import { type Answer, type Machine, machine, type Outcome } from './programs.js';

/** kubectl, with a cluster behind these contexts that responds like a fresh kind cluster of two CPUs and 4 GiB. */
function kubectl(contexts: Record<string, 'answers' | 'is silent'>, ...first: Answer[]): Answer[] {
  const names = Object.keys(contexts);
  return [
    ...first,
    { to: 'config get-contexts*', says: names.map((name) => `${name}\n`).join('') },
    { to: 'config current-context', says: names[0] ?? '', fails: names.length === 0 },
    { to: '*minikube*extensions*', says: names.includes('minikube') ? 'minikube.sigs.k8s.io' : '' },
    ...names.map((name) => ({ to: `*${name}*/readyz*`, fails: contexts[name] === 'is silent' })),
    { to: '*/readyz*', fails: true },
    { to: '* version *', says: 'serverVersion:\n  gitVersion: v1.34.1\n' },
    { to: '* get nodes --no-headers', says: 'node Ready\n' },
    { to: '*node-room*', says: '1 2 4Gi\n' },
    { to: '*pod-requests*', says: '-1 100m 200Mi\n' },
    { to: '*manifest-requests*', says: 'pods task-api 1 250m 500Mi\nat-least task-api 2\n' },
    { to: '*get storageclass -o yaml', says: 'is-default-class: "true"' },
    { to: '*nodePort*', says: '30080' },
    { to: '*get ingressclass*', says: 'ingressclass/nginx' },
    { to: 'kustomize*', says: 'nodePort: 30080\nimage: millrace/task-api:dev\n' },
    { to: '*apply*', says: 'deployment.apps/task-api created\n' },
  ];
}

/** A pod of the cluster responds at every address. */
const curl: Answer[] = [{ to: '*', says: 'HTTP/1.1 200 OK\r\nX-Served-By: web-gateway-1\r\n' }];
const docker: Answer[] = [{ to: 'image inspect --format*', says: 'millrace/task-api:dev=sha256:1\n' }];

let here: Machine | undefined;
afterEach(async () => {
  await here?.remove();
  here = undefined;
});

async function deploy(
  programs: Record<string, Answer[]>,
  args: string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  here = await machine({ curl, ...programs });
  return here.run('deploy.sh', ['--timeout', '1', ...args], env);
}

const HTTP_PORT = async () => ({ HTTP_PORT: String(await freePort()) });

describe('the cluster that deploy.sh uses', () => {
  it('is that of the current context when it is a development cluster', async () => {
    const { calls, stdout } = await deploy({
      kubectl: kubectl({ 'kind-mine': 'answers' }),
      docker,
      kind: [],
    });
    expect(stdout).toContain('Context kind-mine: Kubernetes v1.34.1, 1 node');
    expect(calls).toContain('kubectl --context kind-mine apply -f k8s/');
    expect(calls).toContain('kind load docker-image --name mine millrace/task-api:dev');
    expect(calls.join()).not.toContain('kind create');
    expect(stdout).toContain('Millrace is at http://localhost:8080\n');
  });

  it('is asked without a proxy when it runs on this machine', async () => {
    const { calls } = await deploy({ kubectl: kubectl({ 'kind-mine': 'answers' }), docker, kind: [] });
    const asked = calls.filter((call) => call.startsWith('curl'));
    expect(asked).not.toEqual([]);
    expect(asked.filter((call) => !call.includes(' --noproxy * '))).toEqual([]);
  });

  it('gets a port-forward command when none of its addresses can be reached', async () => {
    const silent: Answer[] = [{ to: '*', fails: true }];
    const { stdout } = await deploy({
      kubectl: kubectl({ 'kind-mine': 'answers' }),
      docker,
      kind: [],
      curl: silent,
    });
    expect(stdout).toContain(
      'kubectl --context kind-mine -n millrace port-forward service/nginx-service 8080:80',
    );
  });

  it.each(['docker-desktop', 'orbstack', 'k3d-dev', 'minikube'])(
    'recognizes %s as a development cluster',
    async (context) => {
      const { calls } = await deploy({
        kubectl: kubectl({ [context]: 'answers' }),
        docker,
        k3d: [],
        minikube: [],
      });
      expect(calls).toContain(`kubectl --context ${context} apply -f k8s/`);
    },
  );

  it('is never that of any other current context: it creates a kind cluster instead', async () => {
    const { calls, stdout } = await deploy(
      {
        kubectl: kubectl(
          { 'prod-eu': 'answers' },
          { to: '*kind-millrace*/readyz*', fails: true, once: true },
          { to: '*kind-millrace*/readyz*' },
        ),
        docker,
        kind: [],
      },
      [],
      await HTTP_PORT(),
    );
    expect(stdout).toContain(
      'The current context prod-eu is not a development cluster, so it is left alone. To deploy there: --context prod-eu',
    );
    expect(calls.filter((call) => call.includes('--context prod-eu'))).toEqual([]);
    expect(calls.some((call) => call.startsWith('kind create cluster --name millrace --config'))).toBe(true);
    expect(calls).toContain(
      'kubectl --context kind-millrace annotate nodes --all --overwrite millrace/made-by=deploy.sh',
    );
    expect(calls).toContain('kubectl --context kind-millrace apply -f k8s/');
  });

  it('is its own cluster when that exists and the current context is another one', async () => {
    const { calls } = await deploy({
      kubectl: kubectl({ 'prod-eu': 'answers', 'kind-millrace': 'answers' }),
      docker,
      kind: [],
    });
    expect(calls).toContain('kubectl --context kind-millrace apply -f k8s/');
    expect(calls.join()).not.toContain('kind create');
  });

  it('is a new minikube cluster without kind, with NetworkPolicies enforced and the port mapped', async () => {
    const env = await HTTP_PORT();
    const { calls } = await deploy(
      {
        kubectl: kubectl(
          {},
          { to: '*millrace*/readyz*', fails: true, once: true },
          { to: '*millrace*/readyz*', fails: true, once: true },
          { to: '*millrace*/readyz*' },
        ),
        minikube: [],
        docker,
      },
      [],
      env,
    );
    expect(calls).toContain(
      `minikube start --profile millrace --cpus 2 --memory 4g --cni calico --addons metrics-server,ingress --ports 127.0.0.1:${env.HTTP_PORT}:30080`,
    );
  });

  it('is explained when there is none and it cannot create one', async () => {
    const { status, stderr } = await deploy({ kubectl: kubectl({}) });
    expect(status).toBe(1);
    expect(stderr).toContain(
      'No cluster responds, and neither kind nor minikube is installed to create one.\n  Fix: install kind',
    );
  });

  it('can be a remote one that is named, but not with local images', async () => {
    const { status, stderr, calls } = await deploy({ kubectl: kubectl({ 'prod-eu': 'answers' }), docker }, [
      '--context',
      'prod-eu',
    ]);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /is remote and cannot get images from this machine: millrace\/task-api:dev.*\n.*Fix: .*push-images\.sh.*--overlay prod/,
    );
    expect(calls.filter((call) => call.includes(' apply '))).toEqual([]);
  });

  it('does not get images of the placeholder registry', async () => {
    const image = { to: 'kustomize overlays/prod', says: 'image: ghcr.io/acme/millrace/task-api:0.1.0\n' };
    const { stderr } = await deploy({ kubectl: kubectl({ 'prod-eu': 'answers' }, image), docker }, [
      '--context',
      'prod-eu',
      '--overlay',
      'prod',
    ]);
    expect(stderr).toContain(
      'overlays/prod has the placeholder registry ghcr.io/acme.\n  Fix: push the images',
    );
  });

  it('must exist: otherwise it lists the existing contexts', async () => {
    const { stderr } = await deploy({ kubectl: kubectl({ 'kind-a': 'answers' }) }, ['--context', 'kind-b']);
    expect(stderr).toBe('deploy.sh: kubectl has no context named kind-b.\n  Fix: choose one of: kind-a \n');
  });
});

describe('checks of deploy.sh before it changes anything', () => {
  const kind = { kind: [], docker };

  it.each<[string, Answer, string]>([
    [
      'a Kubernetes without preStop.sleep',
      { to: '* version *', says: 'serverVersion:\n  gitVersion: v1.29.9-eks-1\n' },
      'Kubernetes v1.29.9-eks-1 is too old',
    ],
    [
      'an old kubectl',
      {
        to: '* version *',
        says: 'clientVersion:\n  gitVersion: v1.28.4\nserverVersion:\n  gitVersion: v1.34.1\n',
      },
      'kubectl v1.28.4 is too old: 1.29 or newer is needed.\n  Fix: https://kubernetes.io/docs/tasks/tools/#kubectl',
    ],
    [
      'too little memory',
      { to: '*node-room*', says: '1 2 1000Mi\n' },
      'too little memory: 800 MiB are free, and the pods request 1000 MiB.\n  Fix: give Docker more',
    ],
    [
      'too little CPU',
      { to: '*node-room*', says: '1 590m 4Gi\n' },
      'too little CPU: 490m are free, and the pods request 500m',
    ],
    [
      'no default StorageClass',
      { to: '*get storageclass -o yaml', says: 'kind: List' },
      'There is no default StorageClass: the volumes of PostgreSQL and Redis would stay Pending.\n  Fix: ',
    ],
    [
      'a NodePort that is in use',
      { to: '*node-ports*', says: '30080 shop/front\n' },
      'NodePort 30080 is in use by the Service shop/front',
    ],
    [
      'a full disk',
      { to: '*node-conditions*', says: 'DiskPressure on node\n' },
      'A node is running out of disk space: DiskPressure on node.\n  Fix: free some',
    ],
    [
      'a Secret that does not exist',
      { to: '*manifest-secrets*', says: 'made redis\nused redis\nused postgres\n' },
      'uses the Secret postgres',
    ],
    [
      'development passwords where the cluster has your own',
      { to: '*manifest-secrets*', says: 'made redis\nused redis\n' },
      'The Secret redis in the cluster has your own passwords, and k8s/ has those for development.\n  Fix: deploy with',
    ],
    [
      'a wrong tag of an image',
      { to: 'kustomize*', says: 'image: millrace/task-api:dve\n' },
      'asks for the image millrace/task-api:dve, which Docker does not have',
    ],
  ])('stops at %s, with the fix', async (_, answer, message) => {
    const secrets = { to: '*get secret postgres', fails: true };
    const own = { to: '*get secret redis --ignore-not-found*', says: 'Opaque ' };
    const images = { to: 'image inspect millrace/task-api:dve', fails: true };
    const { status, stderr, calls } = await deploy({
      kubectl: kubectl({ 'kind-a': 'answers' }, answer, secrets, own),
      kind: [],
      docker: [images, ...docker],
    });
    expect(stderr).toContain(message);
    expect(status).toBe(1);
    expect(calls.filter((call) => call.includes(' apply '))).toEqual([]);
  });

  it('replaces development passwords from an earlier release, whose type cannot be changed', async () => {
    const made = { to: '*manifest-secrets*', says: 'made postgres\nmade redis\n' };
    const old = { to: '*get secret redis --ignore-not-found*', says: 'Opaque development only' };
    const present = {
      to: '*get secret postgres --ignore-not-found*',
      says: 'millrace/development-only development only',
    };
    const { status, calls } = await deploy({
      kubectl: kubectl({ 'kind-a': 'answers' }, made, old, present),
      kind: [],
      docker,
    });
    expect(status).toBe(0);
    expect(calls.filter((call) => call.includes(' delete secret'))).toEqual([
      'kubectl --context kind-a -n millrace delete secret redis',
    ]);
  });

  it('only warns about what the stack can do without', async () => {
    const { stderr, calls } = await deploy({
      kubectl: kubectl(
        { 'kind-a': 'answers' },
        { to: '*metrics.k8s.io*', fails: true },
        { to: '*get ingressclass*', says: '' },
      ),
      ...kind,
    });
    expect(stderr).toContain(
      'There is no metrics server: HPAs show <unknown> and do not scale.\n    Fix: kubectl --context kind-a apply -k kind/metrics-server',
    );
    expect(stderr).toContain('There is no Ingress controller');
    expect(calls).toContain('kubectl --context kind-a apply -f k8s/');
  });

  it('stops when the overlay keda is requested and KEDA is not installed', async () => {
    const { stderr } = await deploy(
      { kubectl: kubectl({ 'kind-a': 'answers' }, { to: '*get crd*', fails: true }), ...kind },
      ['--overlay', 'keda'],
    );
    expect(stderr).toContain(
      'The overlay keda needs KEDA, which is not installed in this cluster.\n  Fix: helm install keda',
    );
  });

  it('says how to start Docker when it does not respond', async () => {
    const { stderr } = await deploy({
      kubectl: kubectl({}),
      kind: [],
      docker: [{ to: 'info', fails: true }],
    });
    expect(stderr).toMatch(/^deploy\.sh: Docker does not respond\.\n {2}Fix: start it/);
  });

  it.each<[string, Answer, string]>([
    [
      'Docker Engine',
      { to: 'version *', says: '24.0.7' },
      'Docker Engine 24.0.7 is too old: 26.0 or newer is needed.',
    ],
    [
      'Compose',
      { to: 'compose version*', says: 'v2.17.2' },
      'Docker Compose v2.17.2 is too old: 2.26 or newer is needed.',
    ],
    ['Compose plugin', { to: 'compose version*', fails: true }, 'Docker has no Compose plugin.'],
  ])('does not build with an old %s', async (_, answer, message) => {
    const { status, stderr, calls } = await deploy({
      kubectl: kubectl({ 'kind-a': 'answers' }),
      kind: [],
      docker: [answer, ...docker],
    });
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining(`deploy.sh: ${message}\n  Fix: https://docs.docker.com/`),
    ]);
    expect(calls.join()).not.toContain('compose --progress');
  });

  it('says where to get kubectl', async () => {
    const { stderr } = await deploy({});
    expect(stderr).toBe(
      'deploy.sh: kubectl is not installed.\n  Fix: https://kubernetes.io/docs/tasks/tools/#kubectl\n',
    );
  });

  it('suggests another port when the one for a new cluster is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      const { stderr, calls } = await deploy({ kubectl: kubectl({}), ...kind }, [], {
        HTTP_PORT: String(port),
      });
      expect(stderr).toContain(`Port ${port} of this machine is in use`);
      expect(stderr).toContain(
        `Fix: stop that program, or use another port: HTTP_PORT=${port + 1} ./deploy.sh`,
      );
      expect(calls.join()).not.toContain('kind create');
    } finally {
      server.close();
    }
  });

  it.each([
    [['--cluster', 'k3s'], '--cluster must be kind or minikube, not k3s'],
    [['--overlay', 'staging'], 'there is no overlays/staging'],
    [['--timeout', 'soon'], '--timeout must be a number of seconds, not soon'],
    [['--overlay'], '--overlay needs a value'],
    [['--force'], 'unknown option --force'],
  ])('refuses %j', async (args, message) => {
    const { status, stderr } = await deploy({ kubectl: kubectl({ 'kind-a': 'answers' }) }, args);
    expect(status).toBe(2);
    expect(stderr).toContain(`deploy.sh: ${message}`);
  });
});

describe('images', () => {
  const noted = { to: '*node-images*', says: ' millrace/task-api:dev=sha256:1 \n' };
  const present = { to: '*status.images*', says: '["docker.io/millrace/task-api:dev"]\n' };
  const running = { to: '*workload-images*', says: 'Deployment/task-api millrace/task-api:dev\n' };

  it('are not loaded again when the cluster has them', async () => {
    const { calls } = await deploy({
      kubectl: kubectl({ 'kind-a': 'answers' }, noted, present, running),
      kind: [],
      docker,
    });
    expect(calls.join()).not.toContain('kind load');
    expect(calls.join()).not.toContain('rollout restart');
  });

  it('are loaded when they have changed, and their pods are replaced', async () => {
    const other = [{ to: 'image inspect --format*', says: 'millrace/task-api:dev=sha256:2\n' }];
    const { calls } = await deploy({
      kubectl: kubectl({ 'kind-a': 'answers' }, noted, present, running),
      kind: [],
      docker: other,
    });
    expect(calls).toContain('kind load docker-image --name a millrace/task-api:dev');
    expect(calls).toContain('kubectl --context kind-a -n millrace rollout restart Deployment/task-api');
  });

  it('are loaded when a node has deleted them', async () => {
    const { calls } = await deploy({
      kubectl: kubectl({ 'kind-a': 'answers' }, noted, running),
      kind: [],
      docker,
    });
    expect(calls).toContain('kind load docker-image --name a millrace/task-api:dev');
  });

  it('are loaded as an archive of this platform when kind cannot load them from Docker', async () => {
    const { calls } = await deploy({
      kubectl: kubectl({ 'kind-a': 'answers' }),
      kind: [
        { to: 'load docker-image*', complains: 'ctr: content digest sha256:b1: not found', fails: true },
      ],
      docker: [{ to: 'version*', says: 'linux/arm64' }, ...docker],
    });
    expect(calls.find((call) => call.startsWith('docker image save'))).toMatch(
      /--platform linux\/arm64 .* millrace\/task-api:dev$/,
    );
    expect(calls.some((call) => call.startsWith('kind load image-archive --name a '))).toBe(true);
  });
});

describe('deploy.sh --delete', () => {
  it('deletes the namespace from an existing cluster', async () => {
    const { calls, stdout } = await deploy({ kubectl: kubectl({ 'kind-a': 'answers' }), kind: [] }, [
      '--delete',
    ]);
    expect(stdout).toContain('Deleting the namespace millrace and all its data (context kind-a)');
    expect(calls).toContain('kubectl --context kind-a delete namespace millrace --wait=false');
    expect(calls.join()).not.toContain('kind delete');
  });

  it('deletes a cluster that it created', async () => {
    const made = { to: '*metadata.annotations*', says: '{"millrace/made-by":"deploy.sh"}' };
    const { calls } = await deploy({ kubectl: kubectl({ 'kind-millrace': 'answers' }, made), kind: [] }, [
      '--delete',
    ]);
    expect(calls).toContain('kind delete cluster --name millrace');
  });

  it('does not create a cluster', async () => {
    const { status, stderr, calls } = await deploy(
      { kubectl: kubectl({ 'prod-eu': 'answers' }), kind: [], docker },
      ['--delete'],
    );
    expect(status).toBe(1);
    expect(stderr).toContain('There is no cluster.');
    expect(calls.filter((call) => call.startsWith('kind') || call.includes('--context prod-eu'))).toEqual([]);
  });
});

describe('deploy.sh --status', () => {
  it('reports a full volume, and exits with status 1', async () => {
    const { status, stdout } = await deploy(
      {
        kubectl: kubectl(
          { 'kind-a': 'answers' },
          { to: '*mounts.gotmpl', says: 'postgres-0 postgres /var/lib/postgresql postgres\n' },
          {
            to: '*exec postgres-0*',
            says: 'Filesystem 1024-blocks Used Available Capacity\n/dev/x 100 99 1 99% /\n',
          },
        ),
      },
      ['--status'],
    );
    expect(stdout).toContain('Millrace at http://localhost:8080 (context kind-a)');
    expect(stdout).toContain('The volume of the PVC postgres is full: 99 %.\n    Fix: ');
    expect(status).toBe(1);
  });

  it('says what to do when nothing is deployed', async () => {
    const { status, stderr } = await deploy(
      { kubectl: kubectl({ 'kind-a': 'answers' }, { to: '*get namespace millrace', fails: true }) },
      ['--status'],
    );
    expect(stderr).toBe(
      'deploy.sh: Nothing is deployed: there is no namespace millrace (context kind-a).\n  Fix: ./deploy.sh\n',
    );
    expect(status).toBe(1);
  });
});
