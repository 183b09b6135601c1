import { Pool } from 'undici';
import { until } from '../api/until.js';
import type { Contestant } from './contestant.js';

/** In jobs a second. */
export interface Rates {
  /** From the first request to the last answer, with workers at work meanwhile. */
  accepted: number;
  /** From the first request to the end of the last job: the whole path. */
  done: number;
  /** From the first request to the last answer, with the workers halted. */
  acceptedAlone?: number;
}

const CLIENTS = 32;
const DEADLINE_MS = 120_000;

/** One round: so many jobs through the whole path; then, where workers can be halted, as many again for accepting alone. */
export async function measureRound(contestant: Contestant, jobs: number): Promise<Rates> {
  const { holdWorkers } = contestant;
  const { accepted, done } = await measurePass(contestant, jobs);
  if (!holdWorkers) return { accepted, done };
  const alone = await measurePass(contestant, jobs, holdWorkers);
  return { accepted, done, acceptedAlone: alone.accepted };
}

async function measurePass(
  { url, completed }: Contestant,
  jobs: number,
  holdWorkers: (hold: boolean) => void = () => undefined,
): Promise<{ accepted: number; done: number }> {
  const before = completed();
  const pool = new Pool(url, { connections: CLIENTS });
  let next = 0;
  const client = async () => {
    while (next < jobs) {
      const response = await pool.request({ method: 'POST', path: `/api/add/task-${next++}` });
      if (response.statusCode !== 202)
        throw new Error(`${response.statusCode}: ${await response.body.text()}`);
      await response.body.dump();
    }
  };
  const begun = performance.now();
  const perSecond = () => (jobs / (performance.now() - begun)) * 1_000;
  holdWorkers(true);
  try {
    await Promise.all(Array.from({ length: CLIENTS }, client));
  } finally {
    holdWorkers(false);
    await pool.destroy();
  }
  const accepted = perSecond();
  await until('all jobs are done', () => completed() - before >= jobs, DEADLINE_MS);
  return { accepted, done: perSecond() };
}
