// The traces of jobs and images in the web UI, on a stack that was started with --observe.
import type { Job } from '@millrace/contracts';
import type { Page } from 'playwright-core';
import { makeImage } from '../support/images.js';
import { expectNoFindings } from './accessibility.js';
import { queueTask } from './api.js';
import { findChromium } from './chromium.js';
import {
  baseUrl,
  DESKTOP,
  isLocal,
  kill,
  sees,
  startSession,
  stopSession,
  TEST_MS,
  until,
  visit,
  whileHanging,
} from './session.js';

if (findChromium() === undefined || !isLocal) {
  test.skip('traces in the web UI need a Chromium, and a separate stack', () => undefined);
} else {
  jest.setTimeout(TEST_MS);
  beforeAll(() =>
    startSession({
      observe: true,
      env: {
        'web-gateway': { TRACES_UI_URL: 'http://localhost:16686' },
        'blur-worker': { BLUR_DELAY_MS: '1000' },
        'task-api': { JOB_LEASE_MS: '1000', JOB_BACKOFF_MS: '100', SWEEP_INTERVAL_MS: '200' },
      },
    }),
  );
  afterAll(stopSession);

  test('the dialog of a job whose worker was killed shows the attempt that was lost, and the one that completed', async () => {
    await visit(
      '/ui/images',
      async (page) => {
        await page.getByLabel('As a job').check();
        let id = '';
        // Which leaves time to kill the worker that waits for it.
        await whileHanging('blur-worker-1', async () => {
          await choose(page, 'killed.jpg');
          id = await killItsWorker();
        });
        await sees(page, '.upload[data-phase=done]:has-text("killed.jpg")');
        await page.getByRole('link', { name: 'Timeline' }).click();

        const trace = page.getByRole('dialog').getByRole('group', { name: 'Spans of the trace' });
        const row = (name: RegExp) => trace.getByRole('row', { name });
        await row(/Attempt 2/).waitFor();
        await row(/Attempt 1.*lost.*queue-worker-1/).waitFor();
        await row(/wait.*Waits for attempt 1/).waitFor();
        for (const name of [
          /SQL INSERT tasks INSERT jobs/,
          /call POST blur-worker/,
          /request POST \/process/,
          /Redis HSET image/,
        ])
          await row(name).first().waitFor();
        // Its inner spans follow it, and say so.
        expect(
          await row(/process jobs/)
            .last()
            .textContent(),
        ).toMatch(/Level \d+: workprocess jobs/);

        const link = page.getByRole('link', { name: 'Open it in Jaeger' });
        expect(await link.getAttribute('href')).toMatch(/^http:\/\/localhost:16686\/trace\/[0-9a-f]{32}$/);
        expect(new URL(page.url()).search).toBe(`?job=${id}`);
        await expectNoFindings(page);
      },
      WITH_TRACE,
    );
  });

  test('the trace of a job can be closed and opened with the keyboard', async () => {
    const { id } = await queueTask('traced');
    await visit(
      `/ui/jobs?job=${id}`,
      async (page) => {
        await sees(page, '.waterfall tr.is-attempt.is-completed');
        await page.locator('.trace summary').focus();
        await page.keyboard.press('Enter');
        await sees(page, '.waterfall', 'hidden');
        await page.keyboard.press('Enter');
        await sees(page, '.waterfall');
      },
      WITH_TRACE,
    );
  });

  test('the card of an image shows how it was made, even after a reload', async () => {
    await visit(
      '/ui/images',
      async (page) => {
        await choose(page, 'traced.jpg');
        await sees(page, '.upload[data-phase=done]');
        expect(await page.locator('.waterfall').count()).toBe(0);
        await page.locator('.upload .trace summary').click();
        await sees(page, '.upload .waterfall tr:has-text("POST /upload")');
        await expectNoFindings(page);
        await page.reload();
        await page.getByRole('button', { name: 'Open the result of traced.jpg' }).click();
        await page.locator('dialog .trace summary').click();
        await sees(page, 'dialog .waterfall tr:has-text("POST bw-worker")');
      },
      WITH_TRACE,
    );
  });

  test('the card of a failed upload shows how far it got, also as a job', async () => {
    await visit(
      '/ui/images',
      async (page) => {
        const broken = (await makeImage('jpeg')).subarray(0, 300);
        await choose(page, 'broken.jpg', broken);
        await sees(page, '.upload[data-phase=failed]');
        await page.locator('.upload .trace summary').click();
        await sees(page, '.upload .waterfall tr:has-text("POST bw-worker")');
        await page.getByLabel('As a job').check();
        await choose(page, 'job.jpg', broken);
        const card = page.locator('.upload:has-text("job.jpg")');
        await card.locator('.trace summary').click();
        await card.locator('.waterfall tr.is-attempt.is-failed').waitFor();
        await expectNoFindings(page);
      },
      { ...WITH_TRACE, refusals: [404, 422] },
    );
  });

  test('says so when there is no trace, and when the store is down', async () => {
    const { id } = await queueTask('forgotten');
    await visit(
      'about:blank',
      async (page) => {
        let status = 404;
        await page.route(`**/api/jobs/${id}/trace`, (route) =>
          route.fulfill({ status, json: { status, detail: `It is a ${status}.` } }),
        );
        await page.goto(`/ui/jobs?job=${id}`);
        await sees(page, '.trace .quiet:has-text("It is a 404.")');
        status = 503;
        await page.reload();
        await sees(page, '.trace .notice:has-text("It is a 503.")');
      },
      { refusals: [404, 503] },
    );
  });
}

/** A trace is not there before its first spans are. */
const WITH_TRACE = { ...DESKTOP, refusals: [404] };

async function choose(page: Page, name: string, content?: Buffer): Promise<void> {
  const buffer = content ?? (await makeImage('jpeg'));
  await page.setInputFiles('input[type=file]', { name, mimeType: 'image/jpeg', buffer });
}

/** Kills the worker that has the only job. @returns the job's id */
async function killItsWorker(): Promise<string> {
  const jobs = async () => (await (await fetch(`${baseUrl()}/api/jobs?status=processing`)).json()) as Job[];
  const [job] = await until('a worker has it', async () => {
    const found = await jobs();
    return found.length > 0 && found;
  });
  kill(job!.processed_by_pod!);
  return job!.id;
}
