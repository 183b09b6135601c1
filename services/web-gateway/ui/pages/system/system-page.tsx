import type { SystemHealth } from '@millrace/contracts';
import { getHealth } from '../../api/health.js';
import { Icon } from '../../parts/icon.js';
import { FailureNotice, Skeleton } from '../../parts/notice.js';
import { PageHead } from '../../parts/page-head.js';
import { duration } from '../../parts/time.js';
import { useEvery } from '../../state/use-every.js';
import { useLoad } from '../../state/use-load.js';

const LOOK_EVERY_MS = 3_000;

type Service = SystemHealth['services'][string];
type Replica = Service['replicas'][number];

export function SystemPage() {
  const { data: health, failure, reload, refresh } = useLoad('health', getHealth);
  useEvery(LOOK_EVERY_MS, refresh);

  return (
    <>
      <PageHead title="System" about="Every service with its replicas, checked every three seconds.">
        <p class="head-links">
          <a class="btn btn-quiet" href="/docs">
            <Icon name="book" /> API reference
          </a>
          <a class="btn btn-quiet" href="/openapi.json">
            OpenAPI
          </a>
        </p>
      </PageHead>
      {failure && <FailureNotice failure={failure} onRetry={reload} />}
      {!health && !failure && <Skeleton rows={3} />}
      {health && (
        <>
          <p class={`verdict is-${health.status}`} role="status">
            <Icon name={health.status === 'healthy' ? 'check' : 'alert'} />
            {verdictOf(health)}
          </p>
          <ul class="services">
            {Object.entries(health.services).map(([name, service]) => (
              <ServiceCard key={name} name={name} service={service} />
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function verdictOf({ services }: SystemHealth): string {
  const unhealthy = Object.entries(services).filter(([, { status }]) => status === 'unhealthy');
  if (unhealthy.length === 0) return 'All services are healthy.';
  return `Unhealthy: ${unhealthy.map(([name]) => name).join(', ')}.`;
}

function ServiceCard({ name, service }: { name: string; service: Service }) {
  const { status, replicas } = service;
  return (
    <li class="panel service">
      <div class="service-head">
        <h2 class="h6">{name}</h2>
        <span class={`badge-status is-${status === 'healthy' ? 'completed' : 'failed'}`}>
          {status === 'healthy' ? 'Healthy' : 'Unhealthy'}
        </span>
      </div>
      {replicas.length === 0 && <p class="quiet">No known replicas.</p>}
      <ul>
        {replicas.map((replica, index) => (
          <ReplicaLine key={replica.pod ?? index} replica={replica} />
        ))}
      </ul>
    </li>
  );
}

function ReplicaLine({ replica: { status, pod, version, uptime_s, checks } }: { replica: Replica }) {
  if (pod === undefined) return <li class="replica is-unhealthy">A replica is not responding</li>;
  return (
    <li class={`replica is-${status}`}>
      <span class="replica-name">
        <strong>{pod}</strong>
        <span class="quiet figures">
          {version !== undefined && `${version} · `}up {duration((uptime_s ?? 0) * 1_000)}
        </span>
      </span>
      <span class="checks">
        {Object.entries(checks ?? {}).map(([dependency, check]) => (
          <span key={dependency} class={`check is-${check.status}`}>
            {dependency} {check.status === 'healthy' ? `${check.latency_ms} ms` : 'failed'}
          </span>
        ))}
      </span>
    </li>
  );
}
