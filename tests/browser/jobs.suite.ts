import { randomUUID } from 'node:crypto';
import { until } from '../api/until.js';
import { queueBrokenImage, queueTask } from './api.js';
import { baseUrl, isLocal, sees, visit, whileHanging } from './session.js';

const LATER = { run_at: new Date(Date.now() + 86_400_000).toISOString() };

export function jobsSuite(): void {
  test('charts and counts follow the queue', async () => {
    await visit('/ui/jobs', async (page) => {
      const done = async () =>
        Number((await page.locator('.states .is-completed strong').textContent()) ?? NaN);
      await until('the counts are there', async () => !Number.isNaN(await done()));
      const before = await done();
      await Promise.all(Array.from({ length: 4 }, (_, index) => queueTask(`chart ${index}`)));
      await until('the count rises', async () => (await done()) >= before + 4, 15_000);
      const throughput = page.getByRole('img', { name: /^Throughput over the last two minutes/ });
      await throughput.locator('.line').waitFor({ state: 'attached' });
    });
  });

  test('the list is filtered by state and kind, in the address, too', async () => {
    await queueTask(`filtered ${randomUUID()}`, LATER);
    await visit('/ui/jobs', async (page) => {
      await page.getByLabel('State').selectOption('Queued');
      await page.getByLabel('Kind').selectOption('Task');
      await until('all are queued', async () => {
        const states = await page.locator('.job .badge-status').allTextContents();
        return states.length > 0 && states.every((state) => state === 'Queued');
      });
      expect(new URL(page.url()).search).toBe('?status=queued&kind=task');
      await page.getByLabel('Kind').selectOption('Analysis');
      await sees(page, '.empty:has-text("Nothing found")');
    });
  });

  test('a job that waits can be cancelled', async () => {
    const { id } = await queueTask('not now', LATER);
    await visit(`/ui/jobs?job=${id}`, async (page) => {
      await sees(page, 'dialog:has-text("Not to begin before")');
      await page.getByRole('button', { name: 'Cancel job' }).click();
      await sees(page, 'dialog .badge-status:has-text("Cancelled")');
      await page.keyboard.press('Escape');
      await sees(page, 'dialog', 'hidden');
      expect(new URL(page.url()).search).toBe('');
    });
  });

  test('a failed job shows its attempts with their pods and errors, and can be retried', async () => {
    const { id } = await queueBrokenImage();
    await visit(`/ui/jobs?job=${id}`, async (page) => {
      await sees(page, 'dialog .badge-status:has-text("Failed")');
      expect(await page.locator('.attempts').textContent()).toMatch(/Attempt 1 on queue-worker\S*, failed/);
      await sees(page, '.attempt-error');
      await page.getByRole('button', { name: 'Retry' }).click();
      await sees(page, '.attempts:has-text("Attempt 2")');
      await sees(page, 'dialog .badge-status:has-text("Failed")');
    });
  });

  test('a job that is deleted while it is shown is said to be gone', async () => {
    const { id } = await queueTask('deleted soon', LATER);
    await visit(
      `/ui/jobs?job=${id}`,
      async (page) => {
        await sees(page, 'dialog:has-text("Not to begin before")');
        await fetch(`${baseUrl()}/api/tasks/${id}`, { method: 'DELETE' });
        await sees(page, 'dialog .notice:has-text("There is no job with this id")');
      },
      { refusals: [404] },
    );
  });

  test('a job that is not there is said to be not there', async () => {
    await visit(
      `/ui/jobs?job=${randomUUID()}`,
      (page) => sees(page, 'dialog .notice:has-text("There is no job with this id")'),
      { refusals: [404] },
    );
  });

  (isLocal ? test : test.skip)(
    'while the service is down, it says so, and goes on by itself',
    async () => {
      await visit(
        '/ui/jobs',
        async (page) => {
          await sees(page, '.charts[aria-busy=false]');
          await whileHanging('task-api-1', () => page.locator('.notice').waitFor({ timeout: 15_000 }));
          await sees(page, '.notice', 'hidden');
        },
        { refusals: [503, 504] },
      );
    },
    40_000,
  );
}
