import { createOpenApiDocument } from '@millrace/contracts/openapi';
import { operationsOf } from '../api/described-answers.js';
import { sees, visit } from './session.js';

export function referenceSuite(): void {
  test('it lists every call', async () => {
    await visit('/docs', async (page) => {
      await sees(page, '.opblock');
      const shown = await page.evaluate<string[]>(
        `[...document.querySelectorAll('.opblock')].map(({ id }) => id)`,
      );
      const operations = operationsOf(createOpenApiDocument());
      expect(shown.map((id) => id.split('-').at(-1)).sort()).toEqual(
        operations.map(({ operationId }) => operationId).sort(),
      );
    });
  });

  test('a call can be tried by keyboard, and its answer is shown', async () => {
    await visit('/docs#/Text/analyzeText', async (page) => {
      const call = page.locator('#operations-Text-analyzeText');
      await call.getByRole('button', { name: 'Try it out' }).press('Enter');
      await call.getByLabel('Request body').fill('{"text": "Hello, how are you?"}');
      await call.getByRole('button', { name: 'Execute' }).press('Enter');
      await call.getByText('Word Count: 4 | Reverse: ?uoy era woh ,olleH').first().waitFor();
    });
  });

  test('a stream, which has no end to wait for, is described and not tried', async () => {
    await visit('/docs#/Tasks/watchTasks', async (page) => {
      await sees(page, '#operations-Tasks-watchTasks .responses-wrapper');
      expect(await page.locator('#operations-Tasks-watchTasks .try-out').count()).toBe(0);
    });
  });

  test('it follows the system’s color scheme', async () => {
    await visit(
      '/docs',
      async (page) => {
        await sees(page, '.opblock');
        for (const colorScheme of ['dark', 'light'] as const) {
          await page.emulateMedia({ colorScheme });
          await sees(page, `html[data-bs-theme=${colorScheme}]`);
          const ground = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
          const lightness = Math.max(...(ground.match(/\d+/g) ?? []).map(Number));
          expect(lightness > 128).toBe(colorScheme === 'light');
        }
      },
      { colorScheme: 'dark' },
    );
  });
}
