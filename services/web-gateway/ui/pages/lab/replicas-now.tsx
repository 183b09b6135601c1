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

/** The replicas available for the next run, and how to add more. */
export function ReplicasNow(props: { service: string; pods: string[]; colorOf: (pod: string) => string }) {
  const { service, pods, colorOf } = props;
  return (
    <section class="panel replicas-now">
      <h2>
        Replicas of {service} <span>as the gateway sees them right now</span>
      </h2>
      <ul aria-live="polite">
        {pods.map((pod) => (
          <li key={pod}>
            <span class={`pod-dot ${colorOf(pod)}`} aria-hidden="true" />
            {pod}
          </li>
        ))}
        {pods.length === 0 && <li class="quiet">No replica is responding.</li>}
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

/** A gateway does not know how it was started, so all commands are shown. Each can be pasted as is and changes nothing else. */
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

/** A HorizontalPodAutoscaler would undo `kubectl scale` for these. */
const AUTOSCALED = new Set(['bw-worker']);
