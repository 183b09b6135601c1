import { gzipSync } from 'node:zlib';
import { pageSchema } from '@millrace/contracts';
import { baseUrl, focused, PHONE, sees, visit } from './session.js';
import { until } from '../support/until.js';

const MAX_SCRIPT_BYTES = 150 * 1024;
const MAX_FIRST_VIEW_MS = 1_000;

export function frameSuite(): void {
  test('every page has its own URL, title and place in the navigation', async () => {
    await visit('/', async (page) => {
      for (const name of pageSchema.options) {
        await page.goto(`/ui/${name}`);
        const heading = await page.locator('h1').textContent();
        await until('the title is set', async () => (await page.title()) === `${heading} · Millrace`);
        expect(await page.locator('nav [aria-current=page]').textContent()).toContain(heading);
      }
    });
  });

  test('going to another page moves the focus to its heading; going back works', async () => {
    await visit('/', async (page) => {
      await page.getByRole('link', { name: 'System' }).click();
      await until('the heading has the focus', async () => (await focused(page)) === 'System');
      await page.goBack();
      await until('the heading has the focus', async () => (await focused(page)) === 'Tasks');
      expect(new URL(page.url()).pathname).toBe('/');
    });
  });

  test('the first Tab stop skips the navigation', async () => {
    await visit('/ui/users', async (page) => {
      await sees(page, 'h1');
      await page.keyboard.press('Tab');
      expect(await focused(page)).toBe('Skip to main content');
      await page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
      expect(await page.evaluate<boolean>(`document.activeElement.closest('main') !== null`)).toBe(true);
    });
  });

  test('the color scheme follows the system until the user chooses one, which is remembered', async () => {
    const theme = `document.documentElement.dataset.bsTheme`;
    await visit(
      '/',
      async (page) => {
        expect(await page.evaluate(theme)).toBe('dark');
        await page.emulateMedia({ colorScheme: 'light' });
        await until('it is light', async () => (await page.evaluate(theme)) === 'light');
        await page.getByLabel('Dark').check({ force: true });
        expect(await page.evaluate(theme)).toBe('dark');
        await page.reload();
        expect(await page.evaluate(theme)).toBe('dark');
      },
      { colorScheme: 'dark' },
    );
  });

  test('on a phone, the menu opens and closes, and nothing is wider than the screen', async () => {
    await visit(
      '/',
      async (page) => {
        const menu = page.getByRole('button', { name: 'Menu' });
        await menu.click();
        await page.getByRole('link', { name: 'Jobs' }).click();
        await sees(page, 'h1:has-text("Jobs")');
        expect(await menu.getAttribute('aria-expanded')).toBe('false');
        for (const name of pageSchema.options) {
          await page.goto(`/ui/${name}`);
          await sees(page, 'h1');
          const overflow = await page.evaluate<number>(
            'document.documentElement.scrollWidth - document.documentElement.clientWidth',
          );
          expect([name, overflow]).toEqual([name, 0]);
        }
      },
      PHONE,
    );
  });

  test('without JavaScript, it says how to use the API', async () => {
    await visit('/', (page) => sees(page, '.noscript pre'), { javaScriptEnabled: false });
  });

  test('it has less than 150 KB of compressed script, which browsers can cache forever', async () => {
    const html = await (await fetch(`${baseUrl()}/`)).text();
    const paths = [...html.matchAll(/"(\/ui\/assets\/[^"]+)"/g)].map(([, path]) => path!);
    let scriptBytes = 0;
    for (const path of paths) {
      const response = await fetch(baseUrl() + path);
      expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      const body = Buffer.from(await response.arrayBuffer());
      if (path.endsWith('.js')) scriptBytes += gzipSync(body).length;
    }
    expect(scriptBytes).toBeGreaterThan(0);
    expect(scriptBytes).toBeLessThan(MAX_SCRIPT_BYTES);
  });

  test('the first view appears within a second', async () => {
    const times: number[] = [];
    // One round may be slow because the machine is busy.
    for (let round = 0; round < 3; round += 1) {
      await visit('/', async (page) => {
        await sees(page, '.task, .empty');
        times.push(await page.evaluate<number>('performance.now()'));
      });
    }
    expect(Math.min(...times)).toBeLessThan(MAX_FIRST_VIEW_MS);
  });
}
