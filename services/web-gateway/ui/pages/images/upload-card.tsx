import { Hops } from '../../parts/hops.js';
import { Icon } from '../../parts/icon.js';
import { ImageFile } from '../../parts/image-file.js';
import { JobLine } from '../../parts/job-line.js';
import { FailureNotice } from '../../parts/notice.js';
import { excerpt } from '../../parts/text.js';
import { TraceDetails } from '../../parts/trace/trace-details.js';
import { removeUpload, retryUpload, type Upload } from '../../state/uploads.js';
import { BeforeAfter } from './before-after.js';

/** An image from its upload to its result. */
export function UploadCard({ upload }: { upload: Upload }) {
  const { id, file, phase, result, failure, job } = upload;
  const name = excerpt(file.name, 80);
  return (
    <li class="panel upload" data-phase={phase}>
      <div class="upload-head">
        <h2 class="h6">{name}</h2>
        {result && (
          <ImageFile class="btn btn-sm btn-quiet" url={result.view_url} name={file.name}>
            <Icon name="download" /> Download
          </ImageFile>
        )}
        {(phase === 'done' || phase === 'failed') && (
          <button
            type="button"
            class="btn-icon"
            aria-label={`Remove ${name} from this list`}
            onClick={() => removeUpload(id)}
          >
            <Icon name="close" />
          </button>
        )}
      </div>
      {phase !== 'done' && phase !== 'failed' && <Progress upload={upload} />}
      {failure && phase === 'failed' && (
        <>
          <FailureNotice failure={failure} onRetry={() => retryUpload(id)} />
          <FailedTrace upload={upload} />
        </>
      )}
      {result && (
        <>
          <BeforeAfter original={file} resultUrl={result.view_url} name={name} />
          <Hops hops={result.hops} />
          <TraceDetails of={result.view_url} />
        </>
      )}
      {job && <JobLine job={job} />}
    </li>
  );
}

/** Of the upload, if that was refused, or else of its job. */
function FailedTrace({ upload: { failure, job } }: { upload: Upload }) {
  if (failure?.traceId !== undefined) return <TraceDetails of={`/upload/${failure.traceId}`} />;
  return job ? <TraceDetails of={`/api/jobs/${job.id}`} /> : null;
}

function Progress({ upload: { file, phase, sent, job, effects } }: { upload: Upload }) {
  const isSent = phase === 'processing';
  const steps = job?.progress;
  return (
    <div class="upload-progress" role="status">
      <Bar
        label={`Upload of ${excerpt(file.name, 80)}`}
        part={sent}
        words={phase === 'waiting' ? 'Waiting' : sent < 1 ? 'Uploading' : 'Uploaded'}
      />
      <Bar
        label={`Effects applied to ${excerpt(file.name, 80)}`}
        // Only jobs report their progress.
        part={isSent ? (steps ? steps.done / steps.total : undefined) : 0}
        words={
          isSent && steps
            ? `Step ${steps.done} of ${steps.total}`
            : `Applying ${effects.length === 1 ? 'the effect' : `${effects.length} effects`}`
        }
      />
    </div>
  );
}

/** @param props.part 0 to 1; undefined when the progress is unknown */
function Bar({ label, part, words }: { label: string; part: number | undefined; words: string }) {
  return (
    <div class="bar">
      <span class="figures">
        {words}
        {part !== undefined && part > 0 && part < 1 && ` · ${Math.round(part * 100)} %`}
      </span>
      <progress aria-label={label} max={1} {...(part !== undefined && { value: part })} />
    </div>
  );
}
