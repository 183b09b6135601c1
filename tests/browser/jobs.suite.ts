import { randomUUID } from 'node:crypto';
import type { Job } from '@millrace/contracts';
import type { Page } from 'playwright-core';
import { queueAnalysis, queueBrokenImage, queueTask } from './api.js';
import { baseUrl, hasFocus, holdBack, isLocal, sees, until, visit, whileHanging } from './session.js';

const LATER = { run_at: new Date(Date.now() + 86_400_000).toISOString() };

/** The number that an element shows. */
const number = async (page: Page, selector: string) =>
  Number(((await page.locator(selector).first().textContent()) ?? '').replace(/\D/g, '') || NaN);

const deleteWithItsTask = async (id: string) => {
  const { status } = await fetch(`${baseUrl()}/api/tasks/${id}`, { method: 'DELETE' });
  expect(status).toBe(204);
};

const statusOf = async (id: string) =>
  ((await (await fetch(`${baseUrl()}/api/jobs/${id}`)).json()) as Job).status;

export function jobsSuite(): void {
  test('charts and counts follow the queue', async () => {
    await visit('/ui/jobs', async (page) => {
      const done = () => number(page, '.states .is-completed strong');
      await until('the counts are there', async () => !Number.isNaN(await done()));
      const before = await done();
      await Promise.all(Array.from({ length: 4 }, (_, index) => queueTask(`chart ${index}`)));
      await until('the count rises', async () => (await done()) >= before + 4);
      const throughput = page.getByRole('img', { name: /^Throughput over the last two minutes/ });
      await throughput.locator('.line').waitFor({ state: 'attached' });
    });
  });

  test('jobs scheduled for later are counted separately and are not load', async () => {
    await visit('/ui/jobs', async (page) => {
      const scheduled = () => number(page, '.states .is-scheduled strong');
      await until('the counts are there', async () => !Number.isNaN(await scheduled()));
      const before = await scheduled();
      await queueTask('later', LATER);
      await until('the count rises', async () => (await scheduled()) > before);
      await until('the rest is done', async () => (await number(page, '.chart-value')) === 0);
    });
  });

  test('the list can be filtered by status and kind, and the URL has the filters', async () => {
    await queueTask(`filtered ${randomUUID()}`, LATER);
    await visit('/ui/jobs', async (page) => {
      await page.getByLabel('Status').selectOption('Queued');
      await page.getByLabel('Kind').selectOption('Task');
      await until('all are queued', async () => {
        const states = await page.locator('.job .badge-status').allTextContents();
        return states.length > 0 && states.every((state) => state === 'Queued');
      });
      const address = '?status=queued&kind=task';
      await until('the address has both', () => new URL(page.url()).search === address);
      await page.getByLabel('Kind').selectOption('Analysis');
      await sees(page, '.empty:has-text("Nothing found")');
    });
  });

  test('a queued job can be cancelled', async () => {
    const { id } = await queueTask('not now', LATER);
    await visit(`/ui/jobs?job=${id}`, async (page) => {
      await sees(page, 'dialog:has-text("Scheduled for")');
      await page.getByRole('button', { name: 'Cancel job' }).click();
      await sees(page, 'dialog .badge-status:has-text("Cancelled")');
      await page.keyboard.press('Escape');
      await sees(page, 'dialog', 'hidden');
      await until('the address names no job', () => new URL(page.url()).search === '');
    });
  });

  test('a finished job can be deleted after a confirmation', async () => {
    const { id } = await queueBrokenImage();
    await visit(`/ui/jobs?job=${id}`, async (page) => {
      await sees(page, 'dialog .badge-status:has-text("Failed")');
      await page.getByRole('button', { name: 'Delete' }).click();
      // The safe answer.
      await hasFocus(page, 'Keep');
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Delete' }).click();
      await page
        .getByRole('group', { name: 'Delete this job?' })
        .getByRole('button', { name: 'Delete' })
        .click();
      await sees(page, 'dialog', 'hidden');
      await sees(page, '.toasts:has-text("Job deleted.")');
      expect((await fetch(`${baseUrl()}/api/jobs/${id}`)).status).toBe(404);
    });
  });

  test('a job that has been retried in the meantime is not deleted, and the dialog says why', async () => {
    const { id } = await queueBrokenImage();
    await visit(
      `/ui/jobs?job=${id}`,
      async (page) => {
        await sees(page, 'dialog .badge-status:has-text("Failed")');
        const detail = 'This job is queued, not failed.';
        await page.route(`**/api/jobs/${id}?*`, (route) =>
          route.fulfill({ status: 409, json: { status: 409, detail } }),
        );
        await page.getByRole('button', { name: 'Delete' }).click();
        const asked = page.waitForRequest((request) => request.method() === 'DELETE');
        await page.getByRole('group').getByRole('button', { name: 'Delete' }).click();
        expect(new URL((await asked).url()).search).toBe('?status=failed');
        await sees(page, `dialog .notice:has-text("${detail}")`);
      },
      { refusals: [409] },
    );
  });

  test('the dialog says when its job has been deleted', async () => {
    const { id } = await queueTask('watched', LATER);
    await visit('about:blank', async (page) => {
      const followed = page.waitForResponse(`**/api/jobs/${id}/events`);
      await page.goto(`/ui/jobs?job=${id}`);
      await sees(page, 'dialog:has-text("Scheduled for")');
      expect((await followed).status()).toBe(200);
      await deleteWithItsTask(id);
      await sees(page, 'dialog:has-text("This job has been deleted.")');
      expect(await page.locator('dialog .dialog-actions').count()).toBe(0);
    });
  });

  test('the dialog says so, too, when its job was deleted before its events could be followed', async () => {
    const { id } = await queueTask('missed', LATER);
    await visit(
      'about:blank',
      async (page) => {
        const follow = await holdBack(page, `**/api/jobs/${id}/events`);
        await page.goto(`/ui/jobs?job=${id}`);
        await sees(page, 'dialog:has-text("Scheduled for")');
        await deleteWithItsTask(id);
        const refused = page.waitForResponse(`**/api/jobs/${id}/events`);
        follow();
        expect((await refused).status()).toBe(404);
        await sees(page, 'dialog:has-text("This job has been deleted.")');
        expect(await page.locator('dialog .dialog-actions').count()).toBe(0);
      },
      { refusals: [404] },
    );
  });

  test('ten thousand events of a job are rendered at most ten times a second', async () => {
    const { id } = await queueTask('flooded', LATER);
    await visit('about:blank', async (page) => {
      const job = (await (await fetch(`${baseUrl()}/api/jobs/${id}`)).json()) as object;
      const event = (done: number) =>
        `event: job\ndata: ${JSON.stringify({ ...job, progress: { done, total: 10_000 } })}\n\n`;
      await page.route(`**/api/jobs/${id}/events`, (route) =>
        route.fulfill({
          contentType: 'text/event-stream',
          body: `retry: 60000\n\n${Array.from({ length: 10_000 }, (_, done) => event(done)).join('')}`,
        }),
      );
      await page.addInitScript(`
        window.drawn = 0;
        new MutationObserver((changes) => (drawn += Number(changes.some(({ target }) => target.parentElement?.closest('.job-facts')))))
          .observe(document, { subtree: true, childList: true, characterData: true });`);
      await page.goto(`/ui/jobs?job=${id}`);
      await sees(page, 'dialog:has-text("step 9999 of 10000")');
      const { drawn, seconds } = await page.evaluate<{ drawn: number; seconds: number }>(
        '({ drawn, seconds: performance.now() / 1_000 })',
      );
      expect(drawn).toBeLessThan(10 * seconds + 10);
    });
  });

  test('a failed job shows its attempts with their replicas and errors', async () => {
    const { id } = await queueBrokenImage();
    await visit(
      `/ui/jobs?job=${id}`,
      async (page) => {
        await sees(page, 'dialog .badge-status:has-text("Failed")');
        expect(await page.locator('.attempts').textContent()).toMatch(/Attempt 1 on queue-worker\S*, failed/);
        await sees(page, '.attempt-error');
        // A refused input would be refused again.
        await page.getByRole('button', { name: 'Retry' }).click();
        await sees(page, 'dialog .notice:has-text("Send it again as a new job.")');
      },
      { refusals: [409] },
    );
  });

  (isLocal ? test : test.skip)('a job that failed because a service was down can be retried', async () => {
    let id = '';
    await whileHanging('text-worker-1', async () => {
      ({ id } = await queueAnalysis('Hello'));
      await until('it has failed', async () => (await statusOf(id)) === 'failed');
    });
    await visit(`/ui/jobs?job=${id}`, async (page) => {
      await sees(page, 'dialog .badge-status:has-text("Failed")');
      await page.getByRole('button', { name: 'Retry' }).click();
      await sees(page, '.attempts:has-text("Attempt 3")');
      await sees(page, 'dialog .job-result:has-text("olleH")');
    });
  });

  (isLocal ? test : test.skip)('a stack without traces shows none, and its pages ask for none', async () => {
    const { id } = await queueTask('untraced');
    await visit('about:blank', async (page) => {
      const asked: string[] = [];
      page.on('request', (request) => asked.push(new URL(request.url()).pathname));
      await page.goto(`/ui/jobs?job=${id}`);
      await sees(page, 'dialog .job-result');
      expect(await page.locator('.trace').count()).toBe(0);
      expect(asked).toContain(`/api/jobs/${id}`);
      expect(asked.filter((path) => path.endsWith('/trace'))).toEqual([]);
    });
    const { status, headers } = await fetch(`${baseUrl()}/api/jobs/${id}/trace`);
    expect([status, headers.get('traceresponse')]).toEqual([404, null]);
  });

  test('the dialog of a job that does not exist says so', async () => {
    await visit(
      `/ui/jobs?job=${randomUUID()}`,
      (page) => sees(page, 'dialog .notice:has-text("There is no job with this id")'),
      { refusals: [404] },
    );
  });

  (isLocal ? test : test.skip)('says that the service is down, and recovers automatically', async () => {
    await visit(
      '/ui/jobs',
      async (page) => {
        await sees(page, '.charts[aria-busy=false]');
        await whileHanging('task-api-1', () => sees(page, '.notice'));
        await sees(page, '.notice', 'hidden');
      },
      { refusals: [503, 504] },
    );
  });
}
