import type { AcceptedJob, AnalyzeResponse } from '@millrace/contracts';
import { useState } from 'preact/hooks';
import { call } from '../../api/http.js';
import { Field } from '../../parts/field.js';
import { Icon } from '../../parts/icon.js';
import { FailureNotice } from '../../parts/notice.js';
import { PageHead } from '../../parts/page-head.js';
import { useForm } from '../../state/use-form.js';
import { AnalysisJob } from './analysis-job.js';
import { AnalysisResult } from './analysis-result.js';

const TEXT_MAX = 100_000;
const SAMPLE = 'Hello, how are you?';

type Outcome = { processedText: string } | { jobId: string };

/** Text in; how many words it has, and the text reversed, out. */
export function AnalyzePage() {
  const [text, setText] = useState('');
  const [outcome, setOutcome] = useState<Outcome>();
  const form = useForm();

  const analyze = () =>
    form.submit(async () => {
      const { data } = await call<AnalyzeResponse>('POST', '/analyze', { body: { text } });
      setOutcome({ processedText: data.processed_text });
    });
  const queue = () =>
    form.submit(async () => {
      const { data } = await call<AcceptedJob>('POST', '/analyze?async=true', { body: { text } });
      setOutcome({ jobId: data.id });
    });

  return (
    <>
      <PageHead title="Analyze" about="Counts the words of a text and turns it round, letter by letter." />
      <form
        ref={form.ref}
        class="panel stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void analyze();
        }}
      >
        <Field
          label="Text"
          error={form.errorOf('text')}
          hint={
            <span class="figures">
              {text.length.toLocaleString('en')} of {TEXT_MAX.toLocaleString('en')} characters
            </span>
          }
        >
          <textarea
            class="form-control"
            rows={6}
            placeholder="Write or paste a text"
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        </Field>
        {form.failure && Object.keys(form.failure.fields).length === 0 && (
          <FailureNotice failure={form.failure} onRetry={() => void analyze()} />
        )}
        <div class="actions">
          <button type="button" class="btn btn-link" onClick={() => setText(SAMPLE)}>
            Use a sample
          </button>
          <button type="button" class="btn btn-quiet" disabled={form.busy} onClick={() => void queue()}>
            <Icon name="play" /> Run as a job
          </button>
          <button type="submit" class="btn btn-primary" disabled={form.busy}>
            <Icon name="analyze" /> Analyze
          </button>
        </div>
      </form>
      <div aria-live="polite">
        {outcome && 'processedText' in outcome && <AnalysisResult processedText={outcome.processedText} />}
        {outcome && 'jobId' in outcome && <AnalysisJob key={outcome.jobId} id={outcome.jobId} />}
      </div>
    </>
  );
}
