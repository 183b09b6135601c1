// Every job has its trace, whatever happens to its workers.
import { judge } from './judge.js';
import { runTraces, type TraceRun } from './run-traces.js';

const RUN_MS = 300_000;

test(
  'every accepted job has one trace, with its waiting and all its attempts, while workers are killed',
  async () => {
    const run = await runTraces({ jobs: 300, kills: 8 });
    print('traces', run);
    expect(judge(run)).toEqual([]);
    expect(run.jobs.length).toBeGreaterThan(200);
    expect(lostAttempts(run).length).toBeGreaterThan(0);
  },
  RUN_MS,
);

test(
  'the check above is able to fail: without the trace context in what they claim, workers tell nothing',
  async () => {
    const run = await runTraces({ jobs: 60, kills: 0, forgetful: true });
    print('control: no trace context in claims', run);
    expect(judge(run)).toEqual(run.jobs.map(({ id }) => `${id}: its worker has told nothing`));
    expect(run.jobs.length).toBeGreaterThan(40);
  },
  RUN_MS,
);

function lostAttempts({ spans }: TraceRun) {
  return spans.filter(({ attributes }) => attributes['millrace.job.outcome'] === 'lost');
}

function print(title: string, run: TraceRun): void {
  const { jobs, spans, kills } = run;
  process.stdout.write(
    `${title}: ${jobs.length} jobs, ${spans.length} spans, ${kills.length} kills, ${lostAttempts(run).length} lost attempts\n`,
  );
}
