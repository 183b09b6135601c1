import { createOpenApiDocument } from '@millrace/contracts/openapi';
import { operationsOf } from '../api/described-answers.js';
import type { Page } from 'playwright-core';
import { sees, visit, type VisitOptions } from './session.js';

/** A large page: a busy machine takes long for it. */
export const patienceMs = 40_000;

export function referenceSuite(): void {
  const visitReference = (path: string, work: (page: Page) => Promise<void>, options?: VisitOptions) =>
    visit(path, work, { patienceMs, ...options });

  test('it lists every call', async () => {
    await visitReference('/docs', async (page) => {
      await sees(page, '.opblock');
      const shown = await page.evaluate<string[]>(
        `[...document.querySelectorAll('.opblock')].map(({ id }) => id)`,
      );
      const operations = operationsOf(createOpenApiDocument());
      expect(shown.map((id) => id.split('-').at(-1)).sort()).toEqual(
        operations.map(({ operationId }) => operationId).sort(),
      );
    });
  }, 60_000);

  test('a call can be tried by keyboard, and its answer is shown', async () => {
    await visitReference('/docs#/Text/analyzeText', async (page) => {
      const call = page.locator('#operations-Text-analyzeText');
      await call.getByRole('button', { name: 'Try it out' }).press('Enter');
      await call.getByLabel('Request body').fill('{"text": "Hello, how are you?"}');
      await call.getByRole('button', { name: 'Execute' }).press('Enter');
      await call.getByText('Word Count: 4 | Reverse: ?uoy era woh ,olleH').first().waitFor();
    });
  }, 60_000);

  test('a stream, which has no end to wait for, is described and not tried', async () => {
    await visitReference('/docs#/Tasks/watchTasks', async (page) => {
      await sees(page, '#operations-Tasks-watchTasks .responses-wrapper');
      expect(await page.locator('#operations-Tasks-watchTasks .try-out').count()).toBe(0);
    });
  }, 60_000);

  test.each(['light', 'dark'] as const)(
    'it follows the system’s color scheme: %s',
    async (colorScheme) => {
      await visitReference(
        '/docs',
        async (page) => {
          await sees(page, '.opblock');
          const ground = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
          const lightness = Math.max(...(ground.match(/\d+/g) ?? []).map(Number));
          expect(lightness > 128).toBe(colorScheme === 'light');
        },
        { colorScheme },
      );
    },
    60_000,
  );
}
