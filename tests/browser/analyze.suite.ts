import { isLocal, sees, visit, whileHanging } from './session.js';

export function analyzeSuite(): void {
  test('counts the words in a text and reverses it', async () => {
    await visit('/ui/analyze', async (page) => {
      await page.getByLabel('Text').fill('Hello, how are you?');
      await sees(page, 'text=19 of 100,000 characters');
      await page.getByRole('button', { name: 'Analyze' }).click();
      await sees(page, '.reversed:has-text("?uoy era woh ,olleH")');
      expect(await page.locator('.result-figure').textContent()).toBe('4words');
    });
  });

  test('does the same as a job, and shows the result when it is done', async () => {
    await visit('/ui/analyze', async (page) => {
      await page.getByRole('button', { name: 'Use sample text' }).click();
      await page.getByRole('button', { name: 'Run as a job' }).click();
      await sees(page, '.job-line:has-text("Done")');
      await sees(page, '.reversed:has-text("?uoy era woh ,olleH")');
    });
  });

  (isLocal ? test : test.skip)('says that the worker is down, and offers to try again', async () => {
    await visit(
      '/ui/analyze',
      async (page) => {
        await page.getByRole('button', { name: 'Use sample text' }).click();
        await whileHanging('text-worker-1', async () => {
          await page.getByRole('button', { name: 'Analyze' }).click();
          await sees(page, '.notice:has-text("text-worker cannot take this request right now")');
        });
        await page.getByRole('button', { name: 'Try again' }).click();
        await sees(page, '.reversed');
      },
      { refusals: [503] },
    );
  });
}
