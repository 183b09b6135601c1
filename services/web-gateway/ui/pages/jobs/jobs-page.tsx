import type { JobKind, JobStatus } from '@millrace/contracts';
import { useEffect, useState } from 'preact/hooks';
import { queryOf } from '../../api/http.js';
import { type JobFilter, listJobs, summarizeJobs } from '../../api/jobs.js';
import { STATUS_WORDS } from '../../parts/badge.js';
import { Field } from '../../parts/field.js';
import { Empty, FailureNotice, Skeleton } from '../../parts/notice.js';
import { PageHead } from '../../parts/page-head.js';
import { remember } from '../../state/job-history.js';
import { hrefOf, navigate, replaceQuery, route } from '../../state/route.js';
import { useStore } from '../../state/store.js';
import { useEvery } from '../../state/use-every.js';
import { useLoad } from '../../state/use-load.js';
import { JobDialog } from './job-dialog.js';
import { JobRow, KIND_WORDS } from './job-row.js';
import { QueueCharts } from './queue-charts.js';

const LOOK_EVERY_MS = 1_000;
const PAGE_LENGTH = 25;
const LONGEST_PAGE = 200;
const STATUSES: JobStatus[] = ['queued', 'processing', 'completed', 'failed', 'cancelled'];

export function JobsPage() {
  const { query } = useStore(route);
  const [filter, setFilter] = useState<JobFilter>({
    status: (query.get('status') ?? '') as JobFilter['status'],
    kind: (query.get('kind') ?? '') as JobFilter['kind'],
  });
  const [count, setCount] = useState(PAGE_LENGTH);
  const shownJob = query.get('job');
  const address = queryOf({ ...filter });

  const summary = useLoad('summary', summarizeJobs);
  const list = useLoad(`${address} ${count}`, (signal) => listJobs(filter, count, signal));
  useEvery(LOOK_EVERY_MS, () => {
    summary.refresh();
    list.refresh();
  });
  useEffect(() => summary.data && remember(summary.data), [summary.data]);
  useEffect(() => {
    if (shownJob === null) replaceQuery(address);
  }, [shownJob, address]);

  const choose = (change: Partial<JobFilter>) => {
    setFilter({ ...filter, ...change });
    setCount(PAGE_LENGTH);
  };
  const failure = list.failure ?? summary.failure;
  return (
    <>
      <PageHead
        title="Jobs"
        about="What the workers do in the background. What was accepted gets done, once."
      />
      {failure && <FailureNotice failure={failure} onRetry={list.reload} />}
      <QueueCharts />
      <div class="filters" role="search" aria-label="Jobs">
        <Field label="State" quiet>
          <select
            class="form-select"
            value={filter.status}
            onChange={({ currentTarget }) => choose({ status: currentTarget.value as JobStatus | '' })}
          >
            <option value="">Any state</option>
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
            onChange={({ currentTarget }) => choose({ kind: currentTarget.value as JobKind | '' })}
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
      {!list.data && !list.failure && <Skeleton rows={4} />}
      {list.data?.jobs.length === 0 && (
        <Empty icon="jobs" title={address ? 'Nothing found' : 'No jobs yet'}>
          {address ? (
            'No job fits these filters.'
          ) : (
            <>
              Run a task in the background on <a href={hrefOf('tasks')}>Tasks</a>, or an image as a job on{' '}
              <a href={hrefOf('images')}>Images</a>.
            </>
          )}
        </Empty>
      )}
      {list.data && list.data.jobs.length > 0 && (
        <ul class="panel rows" aria-label="Jobs">
          {list.data.jobs.map((job) => (
            <JobRow key={job.id} job={job} />
          ))}
        </ul>
      )}
      {list.data?.more && count < LONGEST_PAGE && (
        <button type="button" class="btn btn-quiet more" onClick={() => setCount(count + PAGE_LENGTH)}>
          Show older jobs
        </button>
      )}
      {shownJob !== null && (
        <JobDialog
          key={shownJob}
          id={shownJob}
          onClose={() => navigate(hrefOf('jobs', address))}
          onChange={list.reload}
        />
      )}
    </>
  );
}
