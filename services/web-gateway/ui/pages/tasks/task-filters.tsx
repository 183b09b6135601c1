import type { Priority, TaskStatus } from '@millrace/contracts';
import { STATUS_WORDS } from '../../parts/badge.js';
import { Field } from '../../parts/field.js';
import { PriorityOptions } from './priority-options.js';
import type { TaskFilter } from './task-filter.js';

export function TaskFilters(props: { filter: TaskFilter; onChange: (filter: TaskFilter) => void }) {
  const { filter, onChange } = props;
  return (
    <div class="filters" role="search" aria-label="Tasks">
      <Field label="Search" quiet class="grow">
        <input
          type="search"
          class="form-control"
          placeholder="Search title and description"
          maxLength={200}
          value={filter.q}
          onInput={({ currentTarget }) => onChange({ ...filter, q: currentTarget.value })}
        />
      </Field>
      <Field label="Status" quiet>
        <select
          class="form-select"
          value={filter.status}
          onChange={({ currentTarget }) =>
            onChange({ ...filter, status: currentTarget.value as TaskStatus | '' })
          }
        >
          <option value="">Any status</option>
          {Object.entries(STATUS_WORDS).map(([status, word]) => (
            <option key={status} value={status}>
              {word}
            </option>
          ))}
        </select>
      </Field>
      <Field label="Priority" quiet>
        <select
          class="form-select"
          value={filter.priority}
          onChange={({ currentTarget }) =>
            onChange({ ...filter, priority: currentTarget.value as Priority | '' })
          }
        >
          <option value="">Any priority</option>
          <PriorityOptions />
        </select>
      </Field>
    </div>
  );
}
