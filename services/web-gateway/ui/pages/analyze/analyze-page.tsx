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

const COUNT = new Intl.NumberFormat('en');

type Outcome = { processedText: string } | { jobId: string };

/** Text in; the number of its words, and the text reversed, out. */
export function AnalyzePage() {
  const [text, setText] = useState('');
  const [outcome, setOutcome] = useState<Outcome>();
  const [isTooLong, setTooLong] = useState(false);
  const [lastWay, setLastWay] = useState<'now' | 'later'>('now');
  const form = useForm();

  const send = (way: 'now' | 'later') => {
    setLastWay(way);
    // It would be sent in vain, however large it is.
    setTooLong(text.length > TEXT_MAX);
    if (text.length > TEXT_MAX) return;
    void form.submit([way, text], async (key) =>
      setOutcome(way === 'now' ? await analyze(text) : await queueAnalysis(text, key)),
    );
  };
  const tooLong = isTooLong ? `must have at most ${COUNT.format(TEXT_MAX)} characters` : undefined;

  return (
    <>
      <PageHead title="Analyze" about="Counts the words of a text and reverses it, letter by letter." />
      <form
        ref={form.ref}
        class="panel stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          send('now');
        }}
      >
        <Field
          label="Text"
          error={tooLong ?? form.errorOf('text')}
          hint={
            <span class="figures">
              {COUNT.format(text.length)} of {COUNT.format(TEXT_MAX)} characters
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
        {form.failure && !form.failure.isAboutFields && (
          <FailureNotice failure={form.failure} onRetry={() => send(lastWay)} />
        )}
        <div class="actions">
          <button type="button" class="btn btn-link" onClick={() => setText(SAMPLE)}>
            Use a sample
          </button>
          <button type="button" class="btn btn-quiet" disabled={form.busy} onClick={() => send('later')}>
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

async function analyze(text: string): Promise<Outcome> {
  const { data } = await call<AnalyzeResponse>('POST', '/analyze', {
    body: { text },
    repetition: 'harmless',
  });
  return { processedText: data.processed_text };
}

async function queueAnalysis(text: string, key: string): Promise<Outcome> {
  const { data } = await call<AcceptedJob>('POST', '/analyze?async=true', { body: { text }, key });
  return { jobId: data.id };
}
