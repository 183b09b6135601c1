import type { LabEvent, LabRequest, LabRunQuery } from '@millrace/contracts';

/** A run so far. */
export interface LabRun {
  settings: LabRunQuery;
  /** ms since 1970. */
  startedAt: number;
  /** When each request was begun, by number; without those that no worker has taken yet. */
  begun: Record<number, number>;
  done: LabRequest[];
  /** How long it took; undefined until it has ended. */
  ms?: number;
}

export function withEvent(run: LabRun, event: LabEvent): LabRun {
  switch (event.event) {
    // Never more than requested, whatever the server sends.
    case 'begun':
      if (event.request < 1 || event.request > run.settings.requests) return run;
      return { ...run, begun: { ...run.begun, [event.request]: event.at_ms } };
    case 'done':
      if (run.done.length >= run.settings.requests) return run;
      return { ...run, done: [...run.done, event] };
    case 'end':
      return { ...run, ms: event.ms };
  }
}

/** How many requests each replica served, by name. */
export function sharesOf(run: LabRun): { pod: string; requests: number }[] {
  const counts = new Map<string, number>();
  for (const { pod } of run.done) if (pod !== null) counts.set(pod, (counts.get(pod) ?? 0) + 1);
  return [...counts].map(([pod, requests]) => ({ pod, requests })).sort((a, b) => byName(a.pod, b.pod));
}

export const byName = new Intl.Collator('en', { numeric: true }).compare;
