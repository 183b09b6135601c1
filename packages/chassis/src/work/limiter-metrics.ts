import { counter, gauge, ofEach } from '../telemetry/metrics.js';

/** Of a WorkLimiter. */
interface Figures {
  inFlight: () => number;
  waiting: () => number;
  refused: () => number;
}

interface Named {
  limiter: Figures;
  limit: number;
}

/** By name. A limiter is made once, when the process starts. */
const named = { places: new Map<string, Named>(), bytes: new Map<string, Named>() };

gauge(
  { name: 'work_limiter_used', help: 'Places in use.' },
  ofEach('limiter', named.places, ({ limiter }) => limiter.inFlight()),
);
gauge(
  { name: 'work_limiter_limit', help: 'All places.' },
  ofEach('limiter', named.places, ({ limit }) => limit),
);
gauge(
  { name: 'work_limiter_waiting', help: 'Requests waiting for a place.' },
  ofEach('limiter', named.places, ({ limiter }) => limiter.waiting()),
);
counter(
  { name: 'work_limiter_refused_total', help: 'Requests refused because too many waited, or for too long.' },
  ofEach('limiter', named.places, ({ limiter }) => limiter.refused()),
);

gauge(
  { name: 'memory_budget_claimed_bytes', help: 'Memory reserved for bodies and images.' },
  ofEach('budget', named.bytes, ({ limiter }) => limiter.inFlight()),
);
gauge(
  { name: 'memory_budget_limit_bytes', help: 'The most that can be reserved.' },
  ofEach('budget', named.bytes, ({ limit }) => limit),
);
gauge(
  { name: 'memory_budget_waiting', help: 'Requests waiting for memory.' },
  ofEach('budget', named.bytes, ({ limiter }) => limiter.waiting()),
);
counter(
  {
    name: 'memory_budget_refused_total',
    help: 'Requests refused because too many waited for memory, or for too long.',
  },
  ofEach('budget', named.bytes, ({ limiter }) => limiter.refused()),
);

/** Shows a limiter in the metrics, if it has a name. */
export function countLimiter(
  limiter: Figures,
  { name, unit = 'places', concurrency }: { name?: string; unit?: 'places' | 'bytes'; concurrency: number },
): void {
  if (name !== undefined) named[unit].set(name, { limiter, limit: concurrency });
}
