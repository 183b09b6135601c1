import { randomUUID } from 'node:crypto';
import sharp from 'sharp';
import { makeTask } from './api.js';
import { counts, hasFocus, PHONE, sees, until, visit } from './session.js';

const BLANK = 'about:blank';

/** Counts the images that the page holds in memory. */
const COUNT_OBJECT_URLS = `
  window.objectUrls = new Set();
  const { createObjectURL, revokeObjectURL } = URL;
  URL.createObjectURL = (blob) => { const url = createObjectURL(blob); objectUrls.add(url); return url; };
  URL.revokeObjectURL = (url) => { objectUrls.delete(url); revokeObjectURL(url); };`;

const TITLES = {
  'a title of 10,000 letters': 'x'.repeat(10_000),
  'a title of combining marks': `a${'\u0301'.repeat(9_000)}`,
  'a title that reverses the text after it': '\u202egnp.ycilop\u2066\u2067',
  'a title of markup': '<img src=x onerror="document.title=1"><script>alert(1)</script>&amp;${7*7}',
  'a title in Arabic': 'اشترِ الحليب',
};

export function hostileSuite(): void {
  test.each(Object.entries(TITLES))('%s stays within its row', async (_what, title) => {
    const mark = randomUUID().slice(0, 8);
    await makeTask({ title: 'neighbour', description: mark });
    await makeTask({ title, description: `${mark} ${title}`.slice(0, 10_000) });
    await visit(
      `/?q=${mark}`,
      async (page) => {
        await counts(page, '.task', 2);
        const [hostile, neighbour] = [page.locator('.task').first(), page.locator('.task').last()];
        expect((await hostile.boundingBox())!.height).toBeLessThan(600);
        expect((await neighbour.boundingBox())!.height).toBeLessThan(150);
        const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
        expect(await page.evaluate(overflow)).toBe(0);
        const name = await hostile.getByRole('checkbox').getAttribute('aria-label');
        expect(name!.length).toBeLessThan(100);
        expect(name).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);

        // The editor has the full text, unchanged.
        await hostile.getByRole('button', { name: /^Edit / }).click();
        expect(await page.getByRole('dialog').getByLabel('Title').inputValue()).toBe(title);
        await page.keyboard.press('Escape');
        await hostile.getByRole('button', { name: /^Delete / }).click();
        expect((await page.locator('.toast-message').boundingBox())!.height).toBeLessThan(200);
        await page.getByRole('button', { name: 'Undo' }).click();
      },
      PHONE,
    );
  });

  test('a title of invisible characters still has an accessible name', async () => {
    await visit(BLANK, async (page) => {
      const task = await makeTask({ title: 'to be hidden' });
      await page.route(/\/api\/tasks\?/, async (route) => {
        await route.fulfill({ json: [{ ...task, title: '\u200b\u2060\u3164' }] });
      });
      await page.goto('/');
      await page.getByLabel('Done: (invisible characters)').waitFor();
    });
  });

  test('ten thousand hints at once cause only a refresh or two', async () => {
    await visit(BLANK, async (page) => {
      let loads = 0;
      let streams = 0;
      page.on('request', (request) => (loads += Number(/\/api\/tasks\?/.test(request.url()))));
      await page.route('**/api/tasks/events', (route) => {
        streams += 1;
        const body = 'retry: 100\n\n' + 'event: change\ndata:\n\n'.repeat(10_000);
        return route.fulfill({ contentType: 'text/event-stream', body });
      });
      const begun = performance.now();
      await page.goto('/');
      await sees(page, '.task, .empty');
      await until('it has heard 50,000', () => streams >= 6);
      const seconds = (performance.now() - begun) / 1_000;
      expect(loads).toBeLessThanOrEqual(3 + seconds);
    });
  });

  test('a list that is longer than requested is cut off', async () => {
    await visit(BLANK, async (page) => {
      const rows = Array.from({ length: 20_000 }, (_, index) => ({
        id: String(index),
        name: `user ${index}`,
        email: 'a@example.com',
        created_at: new Date().toISOString(),
      }));
      await page.route('**/user/users*', (route) => route.fulfill({ json: rows }));
      await page.goto('/ui/users');
      await sees(page, '.user');
      expect(await page.locator('.user').count()).toBe(50);
    });
  });

  test('a lab run with an endless line is abandoned, and one with too many events is cut off', async () => {
    await visit('/ui/lab', async (page) => {
      const answer = (body: string) =>
        page.route('**/lab/runs?*', (route) => route.fulfill({ contentType: 'application/x-ndjson', body }));
      const run = page.getByRole('button', { name: 'Run', exact: true });
      await answer('x'.repeat(5_000_000));
      await run.click();
      await sees(page, '.notice:has-text("The server sent an unexpected response.")');

      await page.unroute('**/lab/runs?*');
      const done = (request: number) =>
        `{"event":"done","request":${request},"sent_ms":0,"begun_ms":1,"ended_ms":2,"status":200,"pod":"a","error":null}\n`;
      const begun = (request: number) => `{"event":"begun","request":${request},"at_ms":1}\n`;
      const numbers = Array.from({ length: 20_000 }, (_, index) => index - 10_000);
      await answer(`${numbers.map(begun).join('')}${numbers.map(done).join('')}{"event":"end","ms":2}\n`);
      await run.click();
      await sees(page, '.run[data-ended=true]');
      expect(await page.locator('.request, .working').count()).toBeLessThanOrEqual(40);
    });
  });

  test('an image of 50 megapixels is shown small, and its memory is freed', async () => {
    const background = { r: 90, g: 140, b: 60 };
    const buffer = await sharp({ create: { width: 8_000, height: 6_250, channels: 3, background } })
      .jpeg()
      .toBuffer();
    await visit(BLANK, async (page) => {
      await page.addInitScript(COUNT_OBJECT_URLS);
      await page.goto('/ui/images');
      await page.getByLabel('Blur', { exact: true }).uncheck();
      await page.setInputFiles('input[type=file]', { name: 'large.jpg', mimeType: 'image/jpeg', buffer });
      await page.locator('.upload .before').waitFor({ timeout: 90_000 });
      await sees(page, '.recent img');
      const widths = await page.evaluate<number[]>(
        `Promise.all([...document.images].map((image) => image.decode().then(() => image.naturalWidth)))`,
      );
      expect(widths).toEqual([1_600, 1_600, 480]);
      const held = () => page.evaluate<number>('objectUrls.size');
      expect(await held()).toBe(3);
      await page.getByRole('button', { name: 'Remove large.jpg from this list' }).click();
      await until('two are freed', async () => (await held()) === 1);
      await page.getByRole('link', { name: 'Users' }).click();
      await until('all are freed', async () => (await held()) === 0);
    });
  });

  test('many refused files are reported in one message', async () => {
    await visit('/ui/images', async (page) => {
      const files = Array.from({ length: 60 }, (_, index) => ({
        name: `${index}.txt`,
        mimeType: 'text/plain',
        buffer: Buffer.from('no image'),
      }));
      await page.setInputFiles('input[type=file]', files);
      await sees(page, '.toast-message:has-text("60 files are not JPEG, PNG or WebP images.")');
      expect(await page.locator('.toast-message').count()).toBe(1);
    });
  });

  test.each([
    ['text that is not JSON', 'not JSON'],
    ['another value', '{"a": 1}'],
    [
      'items of other shapes',
      '[null, 1, {"url": "//example.com/x"}, {"url": "/image/../x", "name": {}}, {"startedAt": 1e99}]',
    ],
    ['30,000 items', JSON.stringify(Array(30_000).fill({ url: '/image/x' }))],
  ])('%s in local storage is ignored', async (_what, kept) => {
    await visit(BLANK, async (page) => {
      await page.addInitScript(`
        if (location.protocol.startsWith('http'))
          for (const key of ['recent-images', 'lab-runs', 'theme']) localStorage.setItem('millrace.' + key, ${JSON.stringify(kept)});`);
      await page.goto('/ui/images');
      await sees(page, '.empty:has-text("No images yet")');
      await page.goto('/ui/lab');
      await sees(page, '.empty:has-text("No runs yet")');
    });
  });

  test('a browser whose storage is full remembers nothing, and works', async () => {
    await visit(BLANK, async (page) => {
      await page.addInitScript(
        `Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };`,
      );
      await page.goto('/');
      await page.getByLabel('Dark').check({ force: true });
      await page.getByRole('link', { name: 'Users' }).click();
      await hasFocus(page, 'Users');
    });
  });
}
