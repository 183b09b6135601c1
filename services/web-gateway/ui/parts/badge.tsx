import type { JobStatus, Priority, TaskStatus } from '@millrace/contracts';

export const STATUS_WORDS: Record<TaskStatus, string> = {
  open: 'Open',
  queued: 'Queued',
  processing: 'Running',
  completed: 'Done',
  failed: 'Failed',
  cancelled: 'Cancelled',
};

export function StatusBadge({ status }: { status: TaskStatus | JobStatus }) {
  return <span class={`badge-status is-${status}`}>{STATUS_WORDS[status]}</span>;
}

export const PRIORITY_WORDS: Record<Priority, string> = { high: 'High', medium: 'Medium', low: 'Low' };

/** Three strokes like a signal strength indicator, and the word. */
export function PriorityMark({ priority }: { priority: Priority }) {
  return (
    <span class={`priority is-${priority}`}>
      <svg viewBox="0 0 12 12" aria-hidden="true">
        <path d="M2 11V8" />
        <path d="M6 11V5" />
        <path d="M10 11V2" />
      </svg>
      {PRIORITY_WORDS[priority]}
    </span>
  );
}
