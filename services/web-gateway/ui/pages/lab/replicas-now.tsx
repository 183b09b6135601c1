import type { SystemHealth } from '@millrace/contracts';
import { byName } from './lab-run.js';

/** The names of a service's replicas that answer the gateway. */
export function replicasOf(health: SystemHealth | undefined, service: string): string[] {
  const replicas = health?.services[service]?.replicas ?? [];
  return replicas
    .filter(({ status }) => status === 'healthy')
    .flatMap(({ pod }) => pod ?? [])
    .sort(byName);
}

/** The pods that would serve the next run. */
export function ReplicasNow(props: { service: string; pods: string[]; colourOf: (pod: string) => string }) {
  const { service, pods, colourOf } = props;
  return (
    <section class="panel replicas-now">
      <h2>
        Replicas of {service} <span>as the gateway sees them right now</span>
      </h2>
      <ul aria-live="polite">
        {pods.map((pod) => (
          <li key={pod}>
            <span class={`pod-dot ${colourOf(pod)}`} aria-hidden="true" />
            {pod}
          </li>
        ))}
        {pods.length === 0 && <li class="quiet">None answers.</li>}
      </ul>
      <details>
        <summary>Add replicas</summary>
        <dl>
          <dt>Local processes</dt>
          <dd>
            <code>npm start -- --scale {service}=4</code>
          </dd>
          <dt>Docker Compose</dt>
          <dd>
            <code>docker compose up -d --scale {service}=4</code>
          </dd>
          <dt>Kubernetes</dt>
          <dd>
            <code>kubectl scale deployment/{service} --replicas=4</code>
          </dd>
        </dl>
      </details>
    </section>
  );
}
