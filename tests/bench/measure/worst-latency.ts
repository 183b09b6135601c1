import type { Stack } from '../../../local/stack/stack.js';
import type { Bench } from '../row.js';

/** A request, and a check of its response. */
export interface Question {
  path: string;
  /** @throws when the response is wrong */
  check: (body: string) => void;
}

/** At most this many requests, for at most the duration of a round: one client, one request after the other. */
const TIMES = { full: 60, short: 20 };

/** @returns the p95 of each request in ms; the largest of them */
export async function worstP95(
  bench: Bench,
  { url }: Stack,
  questions: readonly Question[],
): Promise<number> {
  const { settings, load, signal } = bench;
  let worst = 0;
  for (const { path, check } of questions) {
    signal.throwIfAborted();
    const requests = settings.short ? TIMES.short : TIMES.full;
    const ms = settings.seconds * 1_000;
    const { p95, sample } = await load.send({
      url,
      method: 'GET',
      path,
      clients: 1,
      status: 200,
      requests,
      ms,
    });
    check(sample);
    worst = Math.max(worst, p95);
  }
  return worst;
}

/** @throws when the array has another length */
export function hasLength(wanted: number): (body: string) => void {
  return (body) => {
    const { length } = JSON.parse(body) as unknown[];
    if (length !== wanted) throw new Error(`The list has ${length} entries and not ${wanted}.`);
  };
}
