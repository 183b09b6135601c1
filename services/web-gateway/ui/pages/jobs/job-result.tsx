import type { AnalyzeResponse, Job, UploadResponse } from '@millrace/contracts';
import { Hops } from '../../parts/hops.js';

/** What came of a completed job. */
export function JobResult({ job }: { job: Job }) {
  switch (job.kind) {
    case 'task':
      return <p class="job-result">{(job.result as { task: string }).task}</p>;
    case 'analyze':
      return <p class="job-result">{(job.result as AnalyzeResponse).processed_text}</p>;
    case 'image': {
      const { view_url, hops } = job.result as UploadResponse;
      return (
        <div class="job-picture">
          <a href={view_url} target="_blank" rel="noopener">
            <img src={view_url} alt="The finished image; opens in a tab of its own" loading="lazy" />
          </a>
          <Hops hops={hops} />
        </div>
      );
    }
  }
}
