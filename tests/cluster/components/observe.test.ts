// overlays/observe, with traces, in a separate namespace on the cluster that kubectl points at: applied, scraped and
// queried. With VERSION, the images with that tag must already be in the cluster; otherwise, deploy.sh loads them.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { serviceNames } from '#topology';
import { dashboards } from '../../../observe/dashboards/dashboards.js';
import { type Manifest, workloadsOf } from '../../k8s/manifests.js';
import { someLoad } from '../../metrics/support.js';
import { eventually } from '../../support/eventually.js';
import { clusterAnswers, deployed, kubectl } from '../kubectl.js';
import { type PortForward, portForward } from '../port-forward.js';
import { reachable } from '../reachable.js';
import { apply, moved, render } from './beside.js';

const MINUTE_MS = 60_000;
// Short, because Nginx keeps host names with it in small hash buckets (nginx/origins.conf).
const namespace = 'observed';
const version = process.env.VERSION ?? 'dev';
const exporters = ['nginx', 'postgres', 'redis'];

const hasCluster = clusterAnswers();
if (!hasCluster)
  process.stderr.write('No cluster answers (kubectl get --raw /readyz): these tests are skipped.\n');

/** The stack with its observability, but without the log collector's namespace. Every request is traced. */
function renderedStack(): Manifest[] {
  const manifests = render('overlays/observe', ['traces']).filter(
    ({ metadata }) => ![metadata.name, metadata.namespace].includes('millrace-logs'),
  );
  return moved(manifests, namespace, version).map((manifest) => {
    if (manifest.kind === 'ConfigMap' && manifest.metadata.name === 'settings')
      Object.assign(manifest.data!, { BLUR_DELAY_MS: '0', OTEL_TRACES_SAMPLER_ARG: '1' });
    return manifest;
  });
}

const inNamespace = (...args: string[]) => kubectl('--namespace', namespace, ...args);

(hasCluster ? describe : describe.skip)('the component observe on a cluster', () => {
  let nginx: PortForward;
  let prometheus: PortForward;
  let jaeger: PortForward;
  const open: PortForward[] = [];

  beforeAll(async () => {
    if (!process.env.VERSION) await deployed();
    const manifests = renderedStack();
    await apply(manifests.filter(({ kind }) => kind === 'Namespace'));
    await apply(manifests.filter(({ kind }) => kind !== 'Namespace'));
    // Not for Grafana, of which only the queries are tested, and not for the logs, which have their own tests.
    const awaited = workloadsOf(manifests).filter(
      ({ metadata }) => !/^(grafana|victoria-logs)$/.test(metadata.name),
    );
    for (const { kind, metadata } of awaited)
      await inNamespace('rollout', 'status', `${kind.toLowerCase()}/${metadata.name}`, '--timeout=300s');
    open.push((nginx = await portForward(namespace, 'nginx-service', 80)));
    open.push((prometheus = await portForward(namespace, 'prometheus', 9090)));
    open.push((jaeger = await portForward(namespace, 'jaeger', 16686)));
    // The pods' addresses may not be known everywhere yet.
    await eventually(() => someLoad(nginx.url), 2 * MINUTE_MS);
  }, 15 * MINUTE_MS);

  afterAll(async () => {
    await Promise.all(open.map((way) => way.stop()));
    await promisify(execFile)('kubectl', ['delete', 'namespace', namespace, '--ignore-not-found']);
  }, 5 * MINUTE_MS);

  interface Series {
    metric: Record<string, string>;
    value: [number, string];
  }
  const query = async (expression: string): Promise<Series[]> => {
    const asked = expression.replaceAll('$__rate_interval', '2m').replaceAll('$job', 'task-api');
    const response = await fetch(`${prometheus.url}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query: asked }),
    });
    const { error, data } = (await response.json()) as { error?: string; data: { result: Series[] } };
    if (error) throw new Error(`${error}: ${expression}`);
    return data.result;
  };

  test(
    'every replica, every exporter and Prometheus itself are scraped',
    async () => {
      const jobs = [...serviceNames, ...exporters, 'prometheus'];
      await eventually(async () => {
        const up = await query('min by (job) (up)');
        expect(Object.fromEntries(up.map(({ metric, value }) => [metric['job'], value[1]]))).toEqual(
          Object.fromEntries(jobs.map((job) => [job, '1'])),
        );
        expect(await query('nginx_up == 1 or pg_up == 1 or redis_up == 1')).toHaveLength(3);
      }, 2 * MINUTE_MS);
    },
    3 * MINUTE_MS,
  );

  test.each(dashboards.map(({ uid, rows }) => [uid, Object.values(rows)[0]![0]!] as const))(
    'the dashboard %s has something to show',
    async (_uid, { lines }) => {
      await eventually(async () => {
        await someLoad(nginx.url);
        for (const expression of Object.values(lines)) expect(await query(expression)).not.toEqual([]);
      }, 2 * MINUTE_MS);
    },
    3 * MINUTE_MS,
  );

  test(
    'metrics are for Prometheus alone',
    async () => {
      const targets = [
        ...serviceNames.map((name) => `${name}:9464`),
        ...['nginx-exporter:9113', 'postgres-exporter:9187', 'redis-exporter:9121'],
      ];
      const where = { namespace, image: `millrace/text-worker:${version}` };
      expect(await reachable(targets, { 'app.kubernetes.io/name': 'stranger' }, where)).toEqual([]);
      // The same request from a pod that may send it: otherwise, this would prove nothing.
      const allowed = await reachable(targets, { 'app.kubernetes.io/name': 'prometheus' }, where);
      expect(allowed.sort()).toEqual(targets.sort());
    },
    3 * MINUTE_MS,
  );

  test(
    'the trace of a job arrives in Jaeger, with the spans of every service that had to do with it',
    async () => {
      const accepted = await fetch(`${nginx.url}/api/add/traced`, { method: 'POST' });
      const [, trace] = accepted.headers.get('traceresponse')!.split('-');
      await eventually(async () => {
        const response = await fetch(`${jaeger.url}/api/traces/${trace}`);
        const { data } = (await response.json()) as {
          data: { processes: Record<string, { serviceName: string }> }[];
        };
        const services = Object.values(data[0]?.processes ?? {}).map(({ serviceName }) => serviceName);
        expect(new Set(services)).toEqual(new Set(['task-api', 'queue-worker']));
      }, MINUTE_MS);
    },
    2 * MINUTE_MS,
  );
});
