import type { AnalyzeResponse, Job, UploadResponse } from '@millrace/contracts';
import { isAuthorized } from '../../api/access.js';
import { Hops } from '../../parts/hops.js';
import { ImageFile } from '../../parts/image-file.js';
import { LoadedImage } from '../../parts/image.js';

/** The result of a completed job. */
export function JobResult({ job }: { job: Job }) {
  switch (job.kind) {
    case 'task':
      return (
        <p class="job-result" dir="auto">
          {(job.result as { task: string }).task}
        </p>
      );
    case 'analyze':
      return (
        <p class="job-result" dir="auto">
          {(job.result as AnalyzeResponse).processed_text}
        </p>
      );
    case 'image': {
      const { view_url, hops } = job.result as UploadResponse;
      return (
        <div class="job-image">
          <LoadedImage source={view_url} alt="The finished image" />
          <p>
            {isAuthorized() ? (
              <ImageFile class="" url={view_url} name="image">
                Download it
              </ImageFile>
            ) : (
              <a href={view_url} target="_blank" rel="noopener">
                Open it in a new tab
              </a>
            )}
          </p>
          <Hops hops={hops} />
        </div>
      );
    }
  }
}
