import { counter, gauge, ofEach } from '../telemetry/metrics.js';

/** What a service client reports about itself. */
export interface ClientFigures {
  /** How many replicas it knows, */
  replicas(): number;
  /** and how many of them get no requests, because they failed. */
  resting(): number;
  /** How many retries it has left. */
  retriesLeft(): number;
  /** How many it has made. */
  retries(): number;
}

const clients = new Map<string, ClientFigures>();

gauge(
  { name: 'service_client_replicas', help: 'Known replicas of the called service.' },
  ofEach('callee', clients, (client) => client.replicas()),
);
gauge(
  {
    name: 'service_client_replicas_resting',
    help: 'Replicas that get no requests for a while, because they failed (circuit breaker open).',
  },
  ofEach('callee', clients, (client) => client.resting()),
);
gauge(
  {
    name: 'service_client_retry_budget',
    help: 'Retries left; 0: failures are passed on at once.',
  },
  ofEach('callee', clients, (client) => client.retriesLeft()),
);
counter(
  { name: 'service_client_retries_total', help: 'Requests retried at another replica.' },
  ofEach('callee', clients, (client) => client.retries()),
);

/** Shows a client in the metrics, until the function that it returns is called. */
export function countClient(callee: string, figures: ClientFigures): () => void {
  clients.set(callee, figures);
  return () => void clients.delete(callee);
}
