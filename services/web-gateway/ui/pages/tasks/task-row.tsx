import type { Task } from '@millrace/contracts';
import { PriorityMark, StatusBadge } from '../../parts/badge.js';
import { Icon } from '../../parts/icon.js';
import { excerpt } from '../../parts/text.js';
import { Ago } from '../../parts/time.js';
import { hrefOf } from '../../state/route.js';

/** The editor shows the full text. */
const TEXT_LENGTH = 300;
const NAME_LENGTH = 80;

interface TaskRowProps {
  task: Task;
  onComplete: (completed: boolean) => void;
  onEdit: () => void;
  onRemove: () => void;
}

export function TaskRow({ task, onComplete, onEdit, onRemove }: TaskRowProps) {
  const { id, title, description, priority, status, completed, created_at, processed_by_pod } = task;
  const name = excerpt(title, NAME_LENGTH);
  const isActive = status === 'queued' || status === 'processing';
  const hasJob = isActive || status === 'failed' || status === 'cancelled' || processed_by_pod !== null;
  return (
    <li class={`task ${completed ? 'is-done' : ''}`} data-status={status}>
      <input
        type="checkbox"
        class="form-check-input"
        aria-label={`Done: ${name}`}
        checked={completed}
        onChange={({ currentTarget }) => onComplete(currentTarget.checked)}
      />
      <div class="task-text">
        <p class="task-title" dir="auto">
          {excerpt(title, TEXT_LENGTH)}
        </p>
        {description && (
          <p class="task-description" dir="auto">
            {excerpt(description, TEXT_LENGTH)}
          </p>
        )}
        <p class="task-meta">
          <Ago time={created_at} />
          {processed_by_pod !== null && <span>done by {processed_by_pod}</span>}
          {hasJob && <a href={hrefOf('jobs', `?job=${id}`)}>Timeline</a>}
        </p>
      </div>
      <div class="task-marks">
        <PriorityMark priority={priority} />
        <StatusBadge status={status} />
      </div>
      <div class="task-actions">
        <button type="button" class="btn-icon" aria-label={`Edit ${name}`} title="Edit" onClick={onEdit}>
          <Icon name="edit" />
        </button>
        <button
          type="button"
          class="btn-icon"
          aria-label={`Delete ${name}`}
          title="Delete"
          onClick={onRemove}
        >
          <Icon name="trash" />
        </button>
      </div>
    </li>
  );
}
