import { counter, gauge, ofEach } from '../telemetry/metrics.js';

/** What a client of a service tells of itself. */
export interface ClientFigures {
  /** How many replicas it knows, */
  replicas(): number;
  /** and how many of them it leaves alone, because they failed. */
  resting(): number;
  /** Further attempts that it may still make. */
  retriesLeft(): number;
  /** Those that it has made. */
  retries(): number;
}

const clients = new Map<string, ClientFigures>();

gauge(
  { name: 'service_client_replicas', help: 'Replicas of the called service that are known.' },
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
    help: 'Further attempts that are left; 0: failures are passed on at once.',
  },
  ofEach('callee', clients, (client) => client.retriesLeft()),
);
counter(
  { name: 'service_client_retries_total', help: 'Requests sent to one more replica.' },
  ofEach('callee', clients, (client) => client.retries()),
);

/** Shows a client in the metrics, until the function that it returns is called. */
export function countClient(callee: string, figures: ClientFigures): () => void {
  clients.set(callee, figures);
  return () => void clients.delete(callee);
}
