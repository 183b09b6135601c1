import type { Load } from './load/load.js';

/** A queue to measure, which accepts POST /api/add/:task. */
export interface Contestant {
  url: string;
  /** Resolves when this many jobs more than at `begin` have been done. */
  begin(): Promise<{ done: (jobs: number) => Promise<void> }>;
  stop(): Promise<void>;
}

/** The same for every contestant: 32 clients that each queue one task after another. */
export function addJobs(url: string): Load {
  return { url, method: 'POST', path: '/api/add/task-{n}', clients: CLIENTS, status: 202 };
}

export const CLIENTS = 32;
