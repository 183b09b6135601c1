import { type PageName, pageSchema } from '@millrace/contracts';
import type { Page as BrowserPage } from 'playwright-core';
import { makeImage } from '../support/images.js';
import { expectNoFindings } from './accessibility.js';
import { makeTask, queueBrokenImage, queueTask } from './api.js';
import { PHONE, sees, visit } from './session.js';

/** Makes each page show everything it has. */
const scenes: Record<PageName, (page: BrowserPage) => Promise<void>> = {
  async tasks(page) {
    await sees(page, '.task[data-status=completed]');
    await page.getByRole('button', { name: 'Add description' }).click();
    await page.getByRole('button', { name: 'Add task' }).click();
    await sees(page, '.field-error');
  },
  async analyze(page) {
    await page.getByRole('button', { name: 'Use sample text' }).click();
    await page.getByRole('button', { name: 'Analyze' }).click();
    await sees(page, '.result');
  },
  async images(page) {
    const buffer = await makeImage('jpeg');
    await page.setInputFiles('input[type=file]', { name: 'a.jpg', mimeType: 'image/jpeg', buffer });
    await sees(page, '.recent :is(img, .no-image button)');
  },
  jobs: (page) => sees(page, '.job'),
  async lab(page) {
    await page.getByLabel('Requests', { exact: true }).fill('4');
    await page.getByText('Add replicas', { exact: true }).click();
    await page.getByRole('button', { name: 'Run' }).click();
    await sees(page, '.history');
    await page.getByText('Show as table').click();
  },
  users: (page) => sees(page, '.user, .empty'),
  system: (page) => sees(page, '.service'),
};

/** Short lists show the same as long ones, in less time. */
const ADDRESSES: Partial<Record<PageName, string>> = {
  tasks: '/?q=look-at-it',
  jobs: '/ui/jobs?status=failed',
};

export function accessibilitySuite(): void {
  beforeAll(async () => {
    await Promise.all([
      makeTask({ title: 'look-at-it', priority: 'high' }),
      queueTask('look-at-it, too'),
      queueBrokenImage(),
    ]);
  });

  test.each(pageSchema.options)('axe finds no violations on %s', async (name) => {
    await visit(
      ADDRESSES[name] ?? `/ui/${name}`,
      async (page) => {
        await scenes[name](page);
        await expectNoFindings(page);
      },
      { refusals: [422] },
    );
  });

  test('axe finds no violations in the menu and the messages', async () => {
    await visit(
      '/?q=look-at-it',
      async (page) => {
        await page.getByRole('button', { name: 'Menu' }).click();
        await page
          .getByRole('button', { name: /^Delete / })
          .first()
          .click();
        // It stays while the focus is on it. The pointer, which it would slip away from in the other size, is out of the way.
        await page.mouse.move(0, 0);
        await page.getByRole('button', { name: 'Undo' }).focus();
        await expectNoFindings(page);
        await page.getByRole('button', { name: 'Undo' }).click();
      },
      PHONE,
    );
  });

  test('axe finds no violations in the dialog of a task', async () => {
    await visit('/?q=look-at-it', async (page) => {
      await page
        .getByRole('button', { name: /^Edit / })
        .first()
        .click();
      await sees(page, 'dialog[open] form');
      await expectNoFindings(page);
    });
  });

  test('axe finds no violations in the dialog of a job, nor in the confirmation before it is deleted', async () => {
    await visit('/ui/jobs?status=failed', async (page) => {
      await page
        .getByRole('link', { name: /^Image / })
        .first()
        .click();
      await sees(page, 'dialog[open] .attempts');
      await expectNoFindings(page);
      await page.getByRole('button', { name: 'Delete' }).click();
      await sees(page, 'dialog[open] [role=group]');
      await expectNoFindings(page);
    });
  });

  test('axe finds no violations when an image cannot be loaded', async () => {
    await visit(
      '/ui/images',
      async (page) => {
        await page.route('**/image/*', (route) => route.fulfill({ status: 503, body: '{}' }));
        await scenes.images(page);
        await expectNoFindings(page);
      },
      { refusals: [503] },
    );
  });

  test('nor anything serious in the API reference', async () => {
    const tryIt = async (page: BrowserPage) => {
      const call = page.locator('#operations-Tasks-createTask');
      await call.getByRole('button', { name: 'Try it out' }).click();
      await call.getByRole('button', { name: 'Execute' }).click();
      await call.locator('.live-responses-table').first().waitFor();
      // Its landmarks are Swagger UI's own. One section has calls of every kind; for all of them, axe takes minutes.
      const exclude = '.opblock-tag-section:not(:has(.opblock.is-open))';
      await expectNoFindings(page, { accepted: ['minor', 'moderate'], exclude });
    };
    await visit('/docs#/Tasks/createTask', tryIt);
  });
}
