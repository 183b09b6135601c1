import type { JobListItem } from '@millrace/contracts';
import { useEffect, useState } from 'preact/hooks';
import { queryOf } from '../../api/http.js';
import { summarizeJobs } from '../../api/jobs.js';
import { Empty, FailureNotice, Skeleton } from '../../parts/notice.js';
import { PageHead } from '../../parts/page-head.js';
import { Paged } from '../../parts/paged.js';
import { remember } from '../../state/job-history.js';
import { hrefOf, navigate, replaceQuery, route } from '../../state/route.js';
import { may } from '../../state/session.js';
import { useStore } from '../../state/store.js';
import { useEvery } from '../../state/use-every.js';
import { useLoad } from '../../state/use-load.js';
import { usePages } from '../../state/use-pages.js';
import { JobDialog } from './job-dialog.js';
import { type JobFilter, JobFilters } from './job-filters.js';
import { JobRow } from './job-row.js';
import { QueueCharts } from './queue-charts.js';

const LOOK_EVERY_MS = 1_000;

export function JobsPage() {
  const { query } = useStore(route);
  const [filter, setFilter] = useState<JobFilter>({
    status: (query.get('status') ?? '') as JobFilter['status'],
    kind: (query.get('kind') ?? '') as JobFilter['kind'],
  });
  const shownJob = query.get('job');
  const address = queryOf(filter);

  const seesQueue = may('jobs:admin');
  const summary = useLoad('summary', async (signal) => (seesQueue ? summarizeJobs(signal) : undefined));
  const pages = usePages<JobListItem>('/api/jobs', filter);
  const { rows, depth, reload } = pages;
  useEvery(LOOK_EVERY_MS, () => {
    summary.refresh();
    pages.refresh();
  });
  useEffect(() => summary.data && remember(summary.data), [summary.data]);
  useEffect(() => {
    if (shownJob === null) replaceQuery(address);
  }, [shownJob, address]);

  const failure = pages.failure ?? summary.failure;
  return (
    <>
      <PageHead
        title="Jobs"
        about="Work that runs in the background. Every accepted job completes exactly once."
      />
      {failure && <FailureNotice failure={failure} onRetry={reload} />}
      {seesQueue && <QueueCharts />}
      <JobFilters filter={filter} onChange={setFilter} />
      {!rows && !pages.failure && <Skeleton rows={4} />}
      {rows?.length === 0 && depth === 1 && <NoJobs filtered={address !== ''} />}
      <Paged what="jobs" pages={pages}>
        {rows && rows.length > 0 && (
          <ul class="panel rows" aria-label="Jobs">
            {rows.map((job) => (
              <JobRow key={job.id} job={job} />
            ))}
          </ul>
        )}
      </Paged>
      {shownJob !== null && (
        <JobDialog
          key={shownJob}
          id={shownJob}
          onClose={() => navigate(hrefOf('jobs', address))}
          onChange={reload}
        />
      )}
    </>
  );
}

function NoJobs({ filtered }: { filtered: boolean }) {
  if (filtered)
    return (
      <Empty icon="jobs" title="Nothing found">
        No job matches these filters.
      </Empty>
    );
  return (
    <Empty icon="jobs" title="No jobs yet">
      Run a task in the background on <a href={hrefOf('tasks')}>Tasks</a>, or an image as a job on{' '}
      <a href={hrefOf('images')}>Images</a>.
    </Empty>
  );
}
