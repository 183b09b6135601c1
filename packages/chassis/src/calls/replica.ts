import { SERVED_BY } from '@millrace/contracts';
import type { Pool } from 'undici';
import type { CircuitBreaker } from './circuit-breaker.js';

/** A replica of a service, as its callers see it. */
export interface Replica {
  /** Its base URL, with an address in it, e.g. `http://10.0.0.7:3000`. */
  url: string;
  pool: Pool;
  /** The Host header: the service's name, whatever the address. */
  host: string;
  /** Requests from this process that it has not answered yet. */
  inFlight: number;
  breaker: CircuitBreaker;
}

/** How long opening a connection may take. The system accepts it immediately, however busy the service is. */
export const CONNECT_TIMEOUT_MS = 1_000;
/** The same with TLS: the service takes part in the handshake. */
export const TLS_CONNECT_TIMEOUT_MS = 2_000;
/** A service that is silent for this long counts as gone. Less than 5 s, the time within which a client must hear of a fault. */
export const SILENCE_MS = 3_500;

/**
 * The replica with the fewest requests in flight, chosen at random among equals. One with an open breaker is only chosen when all breakers
 * are open: it may have recovered.
 */
export function choose(candidates: Iterable<Replica>): Replica | undefined {
  const all = [...candidates];
  const allowed = all.filter(({ breaker }) => breaker.allows());
  const eligible = allowed.length > 0 ? allowed : all;
  const fewest = Math.min(...eligible.map(({ inFlight }) => inFlight));
  const equals = eligible.filter(({ inFlight }) => inFlight === fewest);
  return equals[Math.floor(Math.random() * equals.length)];
}

/**
 * Counts a request as in flight for as long as `work` takes, and tells the breaker how it ended.
 *
 * @param isForgiven is called when `work` fails: was it not the replica's fault?
 */
export async function track<T>(
  replica: Replica,
  work: () => Promise<T>,
  isForgiven: () => boolean,
): Promise<T> {
  replica.inFlight += 1;
  replica.breaker.begin();
  try {
    const result = await work();
    replica.breaker.succeeded();
    return result;
  } catch (error) {
    if (!isForgiven()) replica.breaker.failed();
    throw error;
  } finally {
    replica.inFlight -= 1;
  }
}

/** The name of the replica that responded. */
export function podOf(headers: Record<string, string | string[] | undefined>, { host }: Replica): string {
  return String(headers[SERVED_BY.toLowerCase()] ?? host);
}
