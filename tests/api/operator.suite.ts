import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { jobSchema } from '@millrace/contracts';
import { send } from './client.js';
import { endpointUrl } from './endpoint.js';
import { ids, makeThings } from './provocations.js';
import { until } from './until.js';

/** Runs the operators' script as `npm run jobs -- …` does. */
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

describe("the operators' script", () => {
  const failed = async () => (await send(`/api/jobs/${ids.failedJob}`)).as(jobSchema);
  const hasFailed = () => until('the job has failed', async () => (await failed()).status === 'failed');

  beforeAll(async () => {
    await makeThings();
    await hasFailed();
  }, 40_000);

  test('tells how many jobs are in each state, and how long the oldest has waited', async () => {
    const { output, status } = await jobs('--url', endpointUrl());
    expect(status).toBe(0);
    for (const line of [/^completed +\d+$/m, /^failed +[1-9]\d*$/m, /^oldest waiting +/m]) {
      expect(output).toMatch(line);
    }
  });

  test('lists the failed jobs, and queues them anew', async () => {
    const before = (await failed()).attempts.length;
    expect((await jobs('failed', '--url', endpointUrl())).output).toContain(ids.failedJob);
    const { output } = await jobs('retry-failed', '--url', `${endpointUrl()}/`);
    expect(output).toMatch(/^[1-9]\d* of [1-9]\d* failed jobs queued anew\.$/m);
    await until('the job was tried again', async () => (await failed()).attempts.length > before);
    await hasFailed();
  });

  test('says in a line what is wrong, and ends with status 1', async () => {
    const nobody = await jobs('status', '--url', 'http://127.0.0.1:1');
    expect(nobody).toMatchObject({ status: 1, output: expect.stringMatching(/^No answer: .+\n$/) });
    expect((await jobs('explode')).status).toBe(1);
  });
});
