import type { SystemHealth } from '@millrace/contracts';
import { Fragment } from 'preact';
import { byName } from './lab-run.js';

/** The names of a service's healthy replicas. */
export function replicasOf(health: SystemHealth | undefined, service: string): string[] {
  const replicas = health?.services[service]?.replicas ?? [];
  return replicas
    .filter(({ status }) => status === 'healthy')
    .flatMap(({ pod }) => pod ?? [])
    .sort(byName);
}

/** The replicas that would serve the next run, and how to add more. */
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
        {pods.length === 0 && <li class="quiet">No replica responds.</li>}
      </ul>
      <details>
        <summary>Add replicas</summary>
        <dl>
          {commandsFor(service).map(([environment, command]) => (
            <Fragment key={environment}>
              <dt>{environment}</dt>
              <dd>
                <code>{command}</code>
              </dd>
            </Fragment>
          ))}
        </dl>
      </details>
    </section>
  );
}

/** A gateway does not know where it runs. Each can be pasted as it is, and leaves everything else as it is. */
function commandsFor(service: string): [environment: string, command: string][] {
  return [
    ['npm start', `npm run scale -- ${service}=4`],
    ['Docker Compose', `docker compose up -d --no-recreate --no-deps --scale ${service}=4 ${service}`],
    [
      'Kubernetes',
      AUTOSCALED.has(service)
        ? `kubectl -n millrace patch hpa ${service} --patch '{"spec":{"minReplicas":4}}'`
        : `kubectl -n millrace scale deployment/${service} --replicas=4`,
    ],
  ];
}

/** Their HorizontalPodAutoscaler would undo `kubectl scale`. */
const AUTOSCALED = new Set(['bw-worker']);
