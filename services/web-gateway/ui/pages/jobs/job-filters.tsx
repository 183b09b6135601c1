import type { JobKind, JobStatus } from '@millrace/contracts';
import { JOB_STATUSES } from '@millrace/contracts/constants';
import { STATUS_WORDS } from '../../parts/badge.js';
import { Field } from '../../parts/field.js';
import { Select } from '../../parts/select.js';
import { KIND_WORDS } from './job-row.js';

/** Which jobs are shown; an empty field matches all. */
export type JobFilter = {
  status: JobStatus | '';
  kind: JobKind | '';
};

const JOB_STATUS_WORDS = Object.fromEntries(
  JOB_STATUSES.map((status) => [status, STATUS_WORDS[status]]),
) as Record<JobStatus, string>;

export function JobFilters(props: { filter: JobFilter; onChange: (filter: JobFilter) => void }) {
  const { filter, onChange } = props;
  return (
    <div class="filters" role="search" aria-label="Jobs">
      <Field label="Status" quiet>
        <Select
          any="Any status"
          words={JOB_STATUS_WORDS}
          value={filter.status}
          onChange={(status) => onChange({ ...filter, status })}
        />
      </Field>
      <Field label="Kind" quiet>
        <Select
          any="Any kind"
          words={KIND_WORDS}
          value={filter.kind}
          onChange={(kind) => onChange({ ...filter, kind })}
        />
      </Field>
    </div>
  );
}
