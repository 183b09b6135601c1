#!/usr/bin/env node
// The queue at a glance, for operators: npm run jobs -- [status | failed | retry-failed] [--url http://localhost:8080]
import { parseArgs } from 'node:util';

const USAGE = `Usage: npm run jobs -- [command] [--url URL]

Commands
  status         how many jobs are in each state, and how long the oldest has been waiting (default)
  failed         the failed jobs, newest first, with their errors
  retry-failed   queues every failed job anew

Options
  --url URL      the product's endpoint. Default: $MILLRACE_URL, else http://localhost:8080
  --help         this text
`;

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: { type: 'string', default: process.env.MILLRACE_URL ?? 'http://localhost:8080' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const commands = { status, failed, 'retry-failed': retryFailed };
  const command = commands[positionals[0] ?? 'status'];
  if (values.help) process.stdout.write(USAGE);
  else if (!command || positionals.length > 1) throw new Error(`There is no such command.\n\n${USAGE}`);
  else await command(values.url.replace(/\/$/, ''));
}

async function status(url) {
  const {
    counts,
    oldest_waiting_s: oldest,
    completed_last_minute: recent,
  } = await get(`${url}/api/jobs/summary`);
  for (const [name, count] of Object.entries(counts)) print(name, count);
  print('oldest waiting', oldest === null ? '-' : `${oldest} s`);
  print('done in the last minute', recent);
}

async function failed(url) {
  let count = 0;
  for await (const job of failedJobs(url)) {
    console.log(
      `${job.finished_at}  ${job.id}  ${job.kind.padEnd(7)}  ${job.attempt_count} attempts  ${job.error}`,
    );
    count += 1;
  }
  console.log(
    count === 0 ? 'No job has failed.' : `${count} failed. Queue them anew: npm run jobs -- retry-failed`,
  );
}

async function retryFailed(url) {
  // All ids first: a job that fails again at once must not come round a second time.
  const ids = [];
  for await (const { id } of failedJobs(url)) ids.push(id);
  let queued = 0;
  for (const id of ids) {
    const response = await fetch(`${url}/api/jobs/${id}/retry`, { method: 'POST' });
    // 409: somebody else was quicker; 404: its task was deleted.
    if (response.ok) queued += 1;
    else if (![404, 409].includes(response.status)) throw new Error(await explain(response));
  }
  console.log(`${queued} of ${ids.length} failed jobs queued anew.`);
}

/** All failed jobs, page by page. */
async function* failedJobs(url) {
  let next = '/api/jobs?status=failed&limit=200';
  while (next) {
    const response = await fetch(url + next);
    if (!response.ok) throw new Error(await explain(response));
    yield* await response.json();
    next = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
  }
}

async function get(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(await explain(response));
  return response.json();
}

async function explain(response) {
  const problem = await response.json().catch(() => ({}));
  return `${response.url} answered ${response.status}: ${problem.detail ?? response.statusText}`;
}

function print(name, value) {
  console.log(`${name.padEnd(24)}${String(value).padStart(10)}`);
}

main().catch((error) => {
  const unreachable = error instanceof TypeError && error.cause;
  console.error(
    unreachable
      ? `No answer: ${error.cause.message || error.cause.code}. Is the product running there?`
      : error.message,
  );
  process.exitCode = 1;
});
