import type { AnalyzeResponse } from '@millrace/contracts';
import { FailureNotice } from '../../parts/notice.js';
import { JobLine } from '../../parts/job-line.js';
import { useJob } from '../../state/use-job.js';
import { AnalysisResult } from './analysis-result.js';

/** An analysis in the queue: how far it is, and in the end its result. */
export function AnalysisJob({ id }: { id: string }) {
  const { data: job, failure, reload } = useJob(id);
  if (failure && !job) return <FailureNotice failure={failure} onRetry={reload} />;
  if (!job) return null;
  return (
    <>
      <JobLine job={job} />
      {job.status === 'completed' && (
        <AnalysisResult processedText={(job.result as AnalyzeResponse).processed_text} />
      )}
    </>
  );
}
