import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { acceptedJobSchema, jobSchema } from '@millrace/contracts';
import { send, upload } from './client.js';
import { endpointUrl, isLocal } from './endpoint.js';
import { jpeg } from './images.js';
import { failedJob, ids, makeThings, waitingJob } from './provocations.js';
import { until } from '../support/until.js';

/** Runs the operators' script like `npm run jobs -- …`. */
async function jobs(...args: string[]): Promise<{ output: string; status: number }> {
  const script = join(__dirname, '../../scripts/jobs.mjs');
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [script, ...args]);
    return { output: stdout, status: 0 };
  } catch (error) {
    const { stderr, code } = error as { stderr: string; code: number };
    return { output: stderr, status: code };
  }
}

/** Image jobs that stay in the queue until tomorrow. */
async function scheduleImages(count: number): Promise<string[]> {
  const file = await jpeg();
  const scheduled: string[] = [];
  while (scheduled.length < count) {
    const reply = await upload({ file, effects: 'bw' }, { query: `async=true&run_at=${TOMORROW}` });
    scheduled.push(reply.as(acceptedJobSchema).id);
  }
  return scheduled;
}

const TOMORROW = new Date(Date.now() + 86_400_000).toISOString();
const statusOf = async (id: string) => {
  const reply = await send(`/api/jobs/${id}`);
  return reply.status === 404 ? 'gone' : reply.as(jobSchema).status;
};

describe("the operators' script", () => {
  beforeAll(makeThings);

  test('reports how many jobs are in each state, and how long the oldest has waited', async () => {
    const { output, status } = await jobs('--url', endpointUrl());
    expect(status).toBe(0);
    for (const line of [
      /^completed +\d+$/m,
      /^ {2}not due yet +\d+$/m,
      /^failed +[1-9]\d*$/m,
      /^oldest waiting +/m,
    ]) {
      expect(output).toMatch(line);
    }
  });

  test('lists the failed jobs, and retries those that can be retried', async () => {
    const retryable = isLocal ? await failedJob() : undefined;
    expect((await jobs('failed', '--url', endpointUrl())).output).toContain(ids.refusedJob);
    const { output } = await jobs('retry-failed', '--url', `${endpointUrl()}/`);
    expect(output).toMatch(/^\d+ of [1-9]\d* failed jobs queued again\.$/m);
    expect(await statusOf(ids.refusedJob)).toBe('failed');
    if (retryable) {
      await until('the job is completed', async () => (await statusOf(retryable)) === 'completed');
    }
  });

  test('cancels queued jobs, and deletes finished ones, of the given kind and age', async () => {
    const images = await scheduleImages(3);
    const task = await waitingJob();
    const at = ['--url', endpointUrl(), '--yes'];
    expect((await jobs('cancel', '--older-than', '1h', ...at)).output).toMatch(/^0 jobs cancelled/);
    const cancelled = await jobs('cancel', '--kind', 'image', ...at);
    expect(cancelled.output).toBe('3 jobs cancelled; 0 had already started or finished.\n');
    for (const id of images) expect(await statusOf(id)).toBe('cancelled');
    expect(await statusOf(task)).toBe('queued');

    const old = ['--older-than', '1d', ...at];
    expect((await jobs('delete', '--status', 'cancelled', ...old)).output).toMatch(/^0 jobs deleted/);
    const deleted = await jobs('delete', '--status', 'cancelled', '--kind', 'image', ...at);
    expect(deleted.output).toMatch(/^\d+ jobs deleted; 0 were already gone/);
    for (const id of images) expect(await statusOf(id)).toBe('gone');
    expect(await statusOf(task)).toBe('queued');
    await send(`/api/jobs/${task}`, { method: 'DELETE' });
  });

  test('deletes and cancels no job unless told which, and without a confirmation', async () => {
    const at = ['--url', endpointUrl()];
    expect(await jobs('delete', '--status', 'failed', ...at)).toEqual({
      status: 1,
      output: `Delete all failed jobs at ${endpointUrl()}? Their tasks stay. Add --yes to skip this question.\n`,
    });
    expect((await jobs('delete', '--yes', ...at)).output).toBe(
      'Specify which jobs: --status completed or --status failed or --status cancelled\n',
    );
    expect((await jobs('cancel', '--status', 'failed', '--yes', ...at)).output).toBe(
      'Specify which jobs: --status queued\n',
    );
    expect((await jobs('cancel', '--kind', 'nap', '--yes', ...at)).status).toBe(1);
    expect((await jobs('cancel', '--older-than', 'yesterday', '--yes', ...at)).output).toBe(
      '--older-than must be a number with a unit: 90s, 30m, 12h or 7d.\n',
    );
    expect(await statusOf(ids.refusedJob)).toBe('failed');
  });

  test('reports an error in one line, and exits with status 1', async () => {
    const nobody = await jobs('status', '--url', 'http://127.0.0.1:1');
    expect(nobody).toMatchObject({ status: 1, output: expect.stringMatching(/^No response: .+\n$/) });
    expect((await jobs('explode')).status).toBe(1);
  });
});
