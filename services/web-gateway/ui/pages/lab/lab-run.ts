import type { LabEvent, LabRequest, LabRunQuery } from '@millrace/contracts';

/** A run, so far. */
export interface LabRun {
  settings: LabRunQuery;
  /** ms since 1970. */
  startedAt: number;
  /** By number; without those that no worker has taken yet. */
  begun: Record<number, number>;
  done: LabRequest[];
  /** How long all took; undefined while it goes on. */
  ms?: number;
}

export function withEvent(run: LabRun, event: LabEvent): LabRun {
  switch (event.event) {
    // No more than were asked for, whatever comes.
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

/** How many requests each pod served, in the order of their names. */
export function sharesOf(run: LabRun): { pod: string; requests: number }[] {
  const counts = new Map<string, number>();
  for (const { pod } of run.done) if (pod !== null) counts.set(pod, (counts.get(pod) ?? 0) + 1);
  return [...counts].map(([pod, requests]) => ({ pod, requests })).sort((a, b) => byName(a.pod, b.pod));
}

export const byName = new Intl.Collator('en', { numeric: true }).compare;
