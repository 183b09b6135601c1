import { kubectl } from './kubectl.js';

interface Where {
  namespace: string;
  /** An image that contains Node. */
  image: string;
}

/** The targets that a pod with these labels can open a connection to. */
export async function reachable(
  targets: string[],
  labels: Record<string, string>,
  { namespace, image }: Where = { namespace: 'millrace', image: 'millrace/text-worker:dev' },
): Promise<string[]> {
  const there = (...args: string[]) => kubectl('--namespace', namespace, ...args);
  const ask = `
    const { connect } = require('node:net');
    const tries = ${JSON.stringify(targets)}.map((target) => new Promise((resolve) => {
      const [host, port] = target.split(':');
      const socket = connect({ host, port });
      const end = (line) => { socket.destroy(); resolve(line); };
      socket.setTimeout(8000, () => end('')).on('connect', () => end(target)).on('error', () => end(''));
    }));
    Promise.all(tries).then((lines) => console.log(JSON.stringify(lines.filter(Boolean))));`;
  const name = `probe-${Object.values(labels)[0]}`;
  const spec = {
    automountServiceAccountToken: false,
    restartPolicy: 'Never',
    securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name,
        image,
        command: ['node', '-e', ask],
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        // Not ready, so that nobody mistakes it for a replica of the component whose name it bears.
        readinessProbe: { exec: { command: ['false'] } },
      },
    ],
  };
  const overrides = JSON.stringify({ apiVersion: 'v1', metadata: { labels }, spec });
  await there('delete', 'pod', name, '--ignore-not-found', '--grace-period=0', '--force');
  await there('run', name, `--image=${image}`, `--overrides=${overrides}`);
  try {
    await there('wait', `pod/${name}`, '--for=jsonpath={.status.phase}=Succeeded', '--timeout=120s');
    return JSON.parse(await there('logs', name)) as string[];
  } finally {
    await there('delete', 'pod', name, '--grace-period=0', '--force');
  }
}
