#!/usr/bin/env node
// Shows the queue at a glance, and does what operators need: npm run jobs -- --help
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { ask, DEFAULT_URL, explain, run } from './api-client.mjs';

const USAGE = `Usage: npm run jobs -- [command] [options]

Commands
  status         how many jobs are in each state, and how long the oldest has been waiting (default)
  failed         the failed jobs, newest first, with their errors
  retry-failed   queues every failed job again
  cancel         cancels the queued jobs
  delete         deletes finished jobs, by --status; their tasks stay

Options
  --status STATUS      for delete: completed, failed or cancelled. For cancel: queued
  --kind KIND          only jobs of this kind: task, analyze or image
  --older-than SPAN    only jobs that finished (for cancel: were created) longer ago than 90s, 30m, 12h or 7d
  --yes                do not ask before cancelling or deleting
  --url URL            the URL of Millrace. Default: $MILLRACE_URL, else http://localhost:8080
  --help               show this help

Environment
  MILLRACE_TOKEN       an access token or an API key, where one is required (AUTH_MODE=jwt)
`;

const KINDS = ['task', 'analyze', 'image'];
const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 };
/** Jobs that are cancelled, deleted or retried at the same time. */
const AT_ONCE = 8;

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      status: { type: 'string' },
      kind: { type: 'string' },
      'older-than': { type: 'string' },
      yes: { type: 'boolean', short: 'y' },
      url: { type: 'string', default: DEFAULT_URL },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const commands = { status, failed, 'retry-failed': retryFailed, cancel, delete: remove };
  const command = commands[positionals[0] ?? 'status'];
  if (values.help) process.stdout.write(USAGE);
  else if (!command || positionals.length > 1) throw new Error(`Unknown command.\n\n${USAGE}`);
  else await command(values.url.replace(/\/$/, ''), values);
}

async function status(url) {
  const response = await ask(`${url}/api/jobs/summary`);
  if (!response.ok) throw new Error(await explain(response));
  const {
    counts,
    scheduled,
    oldest_waiting_s: oldest,
    completed_last_minute: recent,
  } = await response.json();
  for (const [name, count] of Object.entries(counts)) {
    print(name, count);
    if (name === 'queued') print('  not due yet', scheduled);
  }
  print('oldest waiting', oldest === null ? '-' : `${oldest} s`);
  print('done in the last minute', recent);
}

async function failed(url) {
  let count = 0;
  for await (const job of jobs(url, { status: 'failed' })) {
    console.log(
      `${job.finished_at}  ${job.id}  ${job.kind.padEnd(7)}  ${job.attempt_count} attempts  ${job.error}`,
    );
    count += 1;
  }
  console.log(
    count === 0 ? 'No job has failed.' : `${count} failed. To queue them again: npm run jobs -- retry-failed`,
  );
}

async function retryFailed(url) {
  // All ids first: a job that fails again at once must not come up a second time.
  const ids = [];
  for await (const { id } of jobs(url, { status: 'failed' })) ids.push(id);
  const { done } = await forEach(ids, (id) => ask(`${url}/api/jobs/${id}/retry`, 'POST'));
  console.log(`${done} of ${ids.length} failed jobs queued again.`);
}

async function cancel(url, options) {
  const filter = filterOf({ status: 'queued', ...options }, ['queued'], 'created_at');
  if (!(await confirm(`Cancel ${describe(filter)} at ${url}?`, options))) return;
  const { done, left } = await endEach(url, filter);
  console.log(`${done} jobs cancelled; ${left} had already started or finished.`);
}

async function remove(url, options) {
  const filter = filterOf(options, ['completed', 'failed', 'cancelled'], 'finished_at');
  if (!(await confirm(`Delete ${describe(filter)} at ${url}? Their tasks stay.`, options))) return;
  const { done, left } = await endEach(url, filter);
  console.log(`${done} jobs deleted; ${left} were already gone or retried.`);
}

/** Validates the options that choose jobs. @param time the field that tells how old a job is */
function filterOf({ status, kind, 'older-than': span }, statuses, time) {
  if (!statuses.includes(status))
    throw new Error(`Specify which jobs: --status ${statuses.join(' or --status ')}`);
  if (kind !== undefined && !KINDS.includes(kind))
    throw new Error(`--kind must be one of ${KINDS.join(', ')}.`);
  if (span === undefined) return { status, kind };
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(span) ?? [];
  if (!unit) throw new Error('--older-than must be a number with a unit: 90s, 30m, 12h or 7d.');
  return { status, kind, time, span, before: new Date(Date.now() - count * SECONDS[unit] * 1_000) };
}

function describe({ status, kind, time, span }) {
  const age = span
    ? ` that ${time === 'created_at' ? 'were created' : 'finished'} more than ${span} ago`
    : '';
  return `all ${status} ${kind ? `${kind} ` : ''}jobs${age}`;
}

async function confirm(question, { yes }) {
  if (yes) return true;
  if (!process.stdin.isTTY) throw new Error(`${question} Add --yes to skip this question.`);
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`${question} [y/N] `);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

/** Only with the status they were chosen for: a job that completes in the meantime is not deleted instead of cancelled. */
function endEach(url, filter) {
  const end = (id) => ask(`${url}/api/jobs/${id}?status=${filter.status}`, 'DELETE');
  return forEach(ids(jobs(url, filter)), end);
}

async function* ids(jobs) {
  for await (const { id } of jobs) yield id;
}

/** Makes calls for a few ids at a time. 409 and 404 are not errors: somebody else was faster, or the job's task was deleted. */
async function forEach(ids, call) {
  const counts = { done: 0, left: 0 };
  const iterator = ids[Symbol.asyncIterator]?.() ?? ids[Symbol.iterator]();
  const work = async () => {
    for (let next; !(next = await iterator.next()).done;) {
      const response = await call(next.value);
      if (response.ok) counts.done += 1;
      else if ([404, 409].includes(response.status)) counts.left += 1;
      else throw new Error(await explain(response));
      await response.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return counts;
}

/** All jobs that the filter matches, newest first, page by page. */
async function* jobs(url, { status, kind, time, before }) {
  let next = `/api/jobs?status=${status}${kind ? `&kind=${kind}` : ''}&limit=200`;
  while (next) {
    const response = await ask(url + next);
    if (!response.ok) throw new Error(await explain(response));
    for (const job of await response.json()) if (!before || new Date(job[time]) < before) yield job;
    next = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
  }
}

function print(name, value) {
  console.log(`${name.padEnd(24)}${String(value).padStart(10)}`);
}

run(main);
