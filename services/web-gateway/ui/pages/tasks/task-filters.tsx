import { SEARCH_MAX } from '@millrace/contracts/constants';
import { PRIORITY_WORDS, STATUS_WORDS } from '../../parts/badge.js';
import { Field } from '../../parts/field.js';
import { Select } from '../../parts/select.js';
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
          maxLength={SEARCH_MAX}
          value={filter.q}
          onInput={({ currentTarget }) => onChange({ ...filter, q: currentTarget.value })}
        />
      </Field>
      <Field label="Status" quiet>
        <Select
          any="Any status"
          words={STATUS_WORDS}
          value={filter.status}
          onChange={(status) => onChange({ ...filter, status })}
        />
      </Field>
      <Field label="Priority" quiet>
        <Select
          any="Any priority"
          words={PRIORITY_WORDS}
          value={filter.priority}
          onChange={(priority) => onChange({ ...filter, priority })}
        />
      </Field>
    </div>
  );
}
