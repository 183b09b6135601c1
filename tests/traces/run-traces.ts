import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { replicaFileUrl } from '../../local/stack/replica-files.js';
import { startStack, type Stack } from '../../local/stack/stack.js';
import { temporaryFolder } from '../../local/supervise/test-support.js';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../support/otlp-receiver.js';
import { until } from '../support/until.js';
import { askPostgres } from '../chaos/administrator.js';
import { countUnfinished } from '../chaos/audit.js';
import { makeRequests } from '../chaos/requests.js';
import { openForgetfulProxy } from './forgetful-proxy.js';

/** A job that was answered with 202. */
export interface TracedJob {
  id: string;
  /** From the `traceresponse` of that answer. */
  traceId: string;
  /** From its row: milliseconds since 1970. */
  created: number;
  finished: number;
}

export interface TraceRun {
  jobs: TracedJob[];
  spans: ReceivedSpan[];
  /** When workers were killed, and which. */
  kills: { pod: string; at: number }[];
}

export interface TraceRunOptions {
  jobs: number;
  kills: number;
  /** Whether a proxy removes the trace context from claimed jobs. */
  forgetful?: boolean;
}

/** How long spans wait in a process at most, which loses them when it is killed. */
export const EXPORT_DELAY_MS = 100;

const LEASE_MS = 2_000;
const WORKERS = 3;
const JOBS_PER_SECOND = 20;
const SETTLE_MS = 60_000;

const env = {
  all: { OTEL_BSP_SCHEDULE_DELAY: String(EXPORT_DELAY_MS), OTEL_TRACES_SAMPLER: 'parentbased_always_on' },
  'task-api': {
    JOB_LEASE_MS: String(LEASE_MS),
    JOB_BACKOFF_MS: '200',
    SWEEP_INTERVAL_MS: '250',
    SWEEP_AFTER_MS: '1000',
    REPUBLISH_AFTER_MS: '2000',
  },
  // Long enough that a killed worker always holds a job.
  'queue-worker': { TASK_DELAY_MS: '300', QUEUE_CONCURRENCY: '5' },
};

/** Submits jobs of all kinds while workers are killed, waits until all have finished, and collects the spans. */
export async function runTraces({ jobs, kills, forgetful = false }: TraceRunOptions): Promise<TraceRun> {
  const receiver = await startOtlpReceiver();
  const dataDir = temporaryFolder();
  const proxy = forgetful ? await openForgetfulProxy(replicaFileUrl(dataDir, 'task-api')) : undefined;
  try {
    const stack = await startStack({
      port: 'free',
      dataDir,
      scale: { 'queue-worker': WORKERS },
      env: {
        ...env,
        all: { ...env.all, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
        'queue-worker': { ...env['queue-worker'], ...(proxy && { TASK_API_URLS: proxy.url }) },
      },
    });
    try {
      return await runOn(stack, receiver, { jobs, kills });
    } finally {
      await stack.stop();
    }
  } finally {
    await proxy?.close();
    await receiver.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function runOn(
  stack: Stack,
  receiver: OtlpReceiver,
  { jobs, kills }: TraceRunOptions,
): Promise<TraceRun> {
  const killed: TraceRun['kills'] = [];
  const [accepted] = await Promise.all([handIn(stack, jobs), killWorkers(stack, { jobs, kills, killed })]);
  await until('all jobs have ended', async () => (await countUnfinished(stack)) === 0, SETTLE_MS);
  const traced = await readJobs(stack, accepted);
  await allExported(receiver);
  return { jobs: traced, spans: receiver.spans, kills: killed };
}

/** @returns the trace of each job, by its id */
async function handIn(stack: Stack, count: number): Promise<Map<string, string>> {
  const requestFor = await makeRequests();
  const accepted = new Map<string, string>();
  const sent: Promise<void>[] = [];
  for (let number = 0; number < count; number += 1) {
    const { method, path, headers, body } = requestFor(number);
    sent.push(
      fetch(`${stack.url}${path}`, { method, headers: { ...headers }, body: body ?? null }).then(
        async (answer) => {
          const { id } = (await answer.json()) as { id: string };
          if (answer.status === 202)
            accepted.set(id, answer.headers.get('traceresponse')?.slice(3, 35) ?? '');
          else if (answer.status !== 201) throw new Error(`${method} ${path}: ${answer.status}`);
        },
      ),
    );
    await sleep(1_000 / JOBS_PER_SECOND);
  }
  await Promise.all(sent);
  return accepted;
}

/** Spread evenly over the load. Each time a different one, which is then restarted. */
async function killWorkers(
  stack: Stack,
  { jobs, kills, killed }: { jobs: number; kills: number; killed: TraceRun['kills'] },
): Promise<void> {
  for (let number = 0; number < kills; number += 1) {
    await sleep((jobs / JOBS_PER_SECOND / (kills + 1)) * 1_000);
    const worker = stack.process(`queue-worker-${(number % WORKERS) + 1}`);
    const held = async () => {
      const [row] = await askPostgres<{ jobs: number }>(
        stack,
        `SELECT count(*)::int AS jobs FROM jobs WHERE processed_by_pod = $1 AND status = 'processing'`,
        [worker.name],
      );
      return row!.jobs;
    };
    await until(`${worker.name} holds a job`, async () => (await held()) > 0);
    killed.push({ pod: worker.name, at: Date.now() });
    worker.kill('SIGKILL');
  }
}

async function readJobs(stack: Stack, accepted: Map<string, string>): Promise<TracedJob[]> {
  const rows = await askPostgres<{ id: string; created: number; finished: number }>(
    stack,
    `SELECT id, (extract(epoch FROM created_at) * 1000)::float AS created,
            (extract(epoch FROM finished_at) * 1000)::float AS finished
       FROM jobs WHERE id = ANY($1) AND status = 'completed'`,
    [[...accepted.keys()]],
  );
  if (rows.length < accepted.size) throw new Error(`${accepted.size - rows.length} jobs were not completed`);
  return rows.map((row) => ({ ...row, traceId: accepted.get(row.id)! }));
}

/** Waits until no more spans arrive. */
async function allExported(receiver: OtlpReceiver): Promise<void> {
  let before: number;
  do {
    before = receiver.spans.length;
    await sleep(10 * EXPORT_DELAY_MS);
  } while (receiver.spans.length > before);
}
