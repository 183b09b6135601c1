import type { JobKind, JobStatus } from '@millrace/contracts';
import { STATUS_WORDS } from '../../parts/badge.js';
import { Field } from '../../parts/field.js';
import { KIND_WORDS } from './job-row.js';

/** Which jobs are shown; what is empty lets all through. */
export type JobFilter = {
  status: JobStatus | '';
  kind: JobKind | '';
};

export const STATUSES: JobStatus[] = ['queued', 'processing', 'completed', 'failed', 'cancelled'];

export function JobFilters(props: { filter: JobFilter; onChange: (filter: JobFilter) => void }) {
  const { filter, onChange } = props;
  return (
    <div class="filters" role="search" aria-label="Jobs">
      <Field label="Status" quiet>
        <select
          class="form-select"
          value={filter.status}
          onChange={({ currentTarget }) =>
            onChange({ ...filter, status: currentTarget.value as JobStatus | '' })
          }
        >
          <option value="">Any status</option>
          {STATUSES.map((status) => (
            <option key={status} value={status}>
              {STATUS_WORDS[status]}
            </option>
          ))}
        </select>
      </Field>
      <Field label="Kind" quiet>
        <select
          class="form-select"
          value={filter.kind}
          onChange={({ currentTarget }) => onChange({ ...filter, kind: currentTarget.value as JobKind | '' })}
        >
          <option value="">Any kind</option>
          {Object.entries(KIND_WORDS).map(([kind, word]) => (
            <option key={kind} value={kind}>
              {word}
            </option>
          ))}
        </select>
      </Field>
    </div>
  );
}
