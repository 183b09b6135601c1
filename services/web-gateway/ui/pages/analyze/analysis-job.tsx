import type { AnalyzeResponse } from '@millrace/contracts';
import { FailureNotice } from '../../parts/notice.js';
import { JobLine } from '../../parts/job-line.js';
import { useJob } from '../../state/use-job.js';
import { AnalysisResult } from './analysis-result.js';

/** An analysis that runs as a job: its progress, then its result. */
export function AnalysisJob({ id }: { id: string }) {
  const { data: job, failure, deleted, reload } = useJob(id);
  if (failure && !job) return <FailureNotice failure={failure} onRetry={reload} />;
  if (!job) return null;
  return (
    <>
      <JobLine job={job} />
      {deleted && <p>This job has been deleted.</p>}
      {job.status === 'completed' && (
        <AnalysisResult processedText={(job.result as AnalyzeResponse).processed_text} />
      )}
    </>
  );
}
