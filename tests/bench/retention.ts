/**
 * What clients notice of the deletion of finished jobs. Fills the database with BENCH_ROWS (1,000,000) jobs that finished long ago, with
 * their tasks and attempts, and measures requests with and without the deletion in BENCH_ROUNDS (5) interleaved rounds of BENCH_SECONDS
 * (10) each, so that a busy machine slows both alike: trust the ratios.
 */
import { createPostgres } from '@millrace/chassis/stores/postgres';
import { Pool } from 'undici';
import { startRetention } from '../../services/task-api/src/jobs/retention.js';
import { startStack, type Stack } from '../../local/stack/stack.js';
import { askPostgres } from '../chaos/administrator.js';
import { configOf } from '../support/postgres.js';
import { silentLogger } from '../support/service-basics.js';
import { fillTables } from './fill.js';
import { median } from './measure/statistics.js';

const rows = Number(process.env['BENCH_ROWS'] ?? 1_000_000);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 5);
const seconds = Number(process.env['BENCH_SECONDS'] ?? 10);

const CLIENTS = 4;
const YEARS_S = 315_360_000;
const TTL_S = 30 * 86_400;

interface Measured {
  p50: number;
  p95: number;
  requests: number;
  deleted: number;
}

async function main(): Promise<void> {
  // The stack itself deletes nothing: this script switches the deletion on and off.
  const stack = await startStack({
    port: 'free',
    env: { 'task-api': { JOB_TTL_SECONDS: String(YEARS_S), JOB_HISTORY_BYTES: String(1024 ** 4) } },
  });
  try {
    await fillTables(stack, rows, { ended: { from: 60, to: 31 } });
    print(`${await countJobs(stack)} ended jobs take ${await sizes(stack)}`);
    const without: Measured[] = [];
    const during: Measured[] = [];
    // The first round warms up.
    await measure(stack);
    for (let round = 1; round <= rounds; round += 1) {
      without.push(await measure(stack));
      during.push(await whileDeleting(stack, () => measure(stack)));
    }
    report('without deletion', without);
    report('with deletion', during);
    const ratio = (key: 'p50' | 'p95') => median(during.map((one, round) => one[key] / without[round]![key]));
    print(`with / without: p50 ${ratio('p50').toFixed(2)}, p95 ${ratio('p95').toFixed(2)}`);
    print(`deleted a second: ${median(during.map(({ deleted }) => deleted / seconds)).toFixed(0)}`);
  } finally {
    await stack.stop();
  }
}

/** Clients that queue tasks and read lists and jobs, each as fast as the responses come. */
async function measure(stack: Stack): Promise<Measured> {
  const before = await countOld(stack);
  const pool = new Pool(stack.url, { connections: CLIENTS });
  const latencies: number[] = [];
  const end = performance.now() + seconds * 1_000;
  const request = async (method: 'GET' | 'POST', path: string) => {
    const begun = performance.now();
    const { statusCode, body } = await pool.request({ method, path });
    const text = await body.text();
    latencies.push(performance.now() - begun);
    if (statusCode >= 300) throw new Error(`${method} ${path}: ${statusCode} ${text}`);
    return JSON.parse(text) as { id: string };
  };
  const client = async () => {
    while (performance.now() < end) {
      const { id } = await request('POST', '/api/add/bench');
      await request('GET', `/api/jobs/${id}`);
      await request('GET', '/api/tasks?limit=20');
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  await pool.close();
  latencies.sort((one, other) => one - other);
  const at = (share: number) => latencies[Math.floor(share * latencies.length)]!;
  return {
    p50: at(0.5),
    p95: at(0.95),
    requests: latencies.length,
    deleted: before - (await countOld(stack)),
  };
}

async function whileDeleting<T>(stack: Stack, work: () => Promise<T>): Promise<T> {
  const config = { ...configOf(stack.postgres, 'task-api'), POSTGRES_POOL_SIZE: 1 };
  const db = createPostgres(config, silentLogger());
  const stop = startRetention({
    db,
    jobTtlSeconds: TTL_S,
    jobHistoryBytes: 1024 ** 4,
    failedInputBytes: 1024 ** 2,
    intervalMs: 1,
    logger: silentLogger(),
  });
  try {
    return await work();
  } finally {
    await stop();
    await db.end();
  }
}

async function countJobs(stack: Stack): Promise<number> {
  const [row] = await askPostgres<{ count: number }>(stack, 'SELECT count(*)::int AS count FROM jobs');
  return row!.count;
}

async function countOld(stack: Stack): Promise<number> {
  const [row] = await askPostgres<{ count: number }>(
    stack,
    `SELECT count(*)::int AS count FROM jobs WHERE finished_at < now() - interval '30 days'`,
  );
  return row!.count;
}

async function sizes(stack: Stack): Promise<string> {
  const [row] = await askPostgres<{ jobs: string; tasks: string }>(
    stack,
    `SELECT pg_size_pretty(pg_total_relation_size('jobs') + pg_total_relation_size('job_attempts')) AS jobs,
            pg_size_pretty(pg_total_relation_size('tasks')) AS tasks`,
  );
  return `${row!.jobs}, their tasks ${row!.tasks}`;
}

function report(name: string, measured: Measured[]): void {
  const of = (key: keyof Measured) => median(measured.map((one) => one[key]));
  print(
    `${name.padEnd(18)} p50 ${of('p50').toFixed(1)} ms   p95 ${of('p95').toFixed(1)} ms   ${of('requests')} requests a round`,
  );
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

void main();
