import type { Priority, TaskStatus } from '@millrace/contracts';
import { route } from '../../state/route.js';

/** Which tasks are shown; an empty field matches all. */
export type TaskFilter = {
  q: string;
  status: TaskStatus | '';
  priority: Priority | '';
};

export const NO_FILTER: TaskFilter = { q: '', status: '', priority: '' };

export function filterInAddress(): TaskFilter {
  const { query } = route.get();
  return {
    q: query.get('q') ?? '',
    status: (query.get('status') ?? '') as TaskStatus | '',
    priority: (query.get('priority') ?? '') as Priority | '',
  };
}
