import type { AcceptedJob, AnalyzeResponse } from '@millrace/contracts';
import { TEXT_MAX } from '@millrace/contracts/constants';
import { useState } from 'preact/hooks';
import { call } from '../../api/http.js';
import { Form, FormFailure, TextField } from '../../parts/form.js';
import { Icon } from '../../parts/icon.js';
import { PageHead } from '../../parts/page-head.js';
import { useForm } from '../../state/use-form.js';
import { AnalysisJob } from './analysis-job.js';
import { AnalysisResult } from './analysis-result.js';

const SAMPLE = 'Hello, how are you?';

const COUNT = new Intl.NumberFormat('en');

type Outcome = { processedText: string } | { jobId: string };

/** Counts the words in a text and reverses it. */
export function AnalyzePage() {
  const [outcome, setOutcome] = useState<Outcome>();
  const [isTooLong, setTooLong] = useState(false);
  const [lastWay, setLastWay] = useState<'now' | 'later'>('now');
  const form = useForm({ text: '' });
  const { text } = form.values;

  const send = (way: 'now' | 'later') => {
    setLastWay(way);
    // The server would refuse it.
    setTooLong(text.length > TEXT_MAX);
    if (text.length > TEXT_MAX) return;
    void form.submit([way, text], async (key) =>
      setOutcome(way === 'now' ? await analyze(text) : await queueAnalysis(text, key)),
    );
  };
  const tooLong = isTooLong ? `must have at most ${COUNT.format(TEXT_MAX)} characters` : undefined;

  return (
    <>
      <PageHead title="Analyze" about="Counts the words in a text and reverses it, letter by letter." />
      <Form form={form} class="panel stack" onSubmit={() => send('now')}>
        <TextField
          form={form}
          name="text"
          label="Text"
          rows={6}
          error={tooLong ?? form.errorOf('text')}
          hint={
            <span class="figures">
              {COUNT.format(text.length)} of {COUNT.format(TEXT_MAX)} characters
            </span>
          }
          input={{ placeholder: 'Type or paste text' }}
        />
        <FormFailure form={form} onRetry={() => send(lastWay)} />
        <div class="actions">
          <button type="button" class="btn btn-link" onClick={() => form.set({ text: SAMPLE })}>
            Use sample text
          </button>
          <button type="button" class="btn btn-quiet" disabled={form.busy} onClick={() => send('later')}>
            <Icon name="play" /> Run as a job
          </button>
          <button type="submit" class="btn btn-primary" disabled={form.busy}>
            <Icon name="analyze" /> Analyze
          </button>
        </div>
      </Form>
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
