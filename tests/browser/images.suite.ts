import type { Page } from 'playwright-core';
import { makeImage } from '../support/images.js';
import { counts, holdBack, isLocal, sees, until, visit, whileHanging } from './session.js';

const file = async (name: string) => ({ name, mimeType: 'image/jpeg', buffer: await makeImage('jpeg') });

/** Waits until these effects are chosen, in this order. */
const areChosen = (page: Page, effects: string[]) =>
  until(`chosen: ${effects.join()}`, async () => {
    const labels = await page.locator('.effect.is-chosen label').allTextContents();
    return labels.join() === effects.join();
  });

export function imagesSuite(): void {
  test('processes several images at once; each shows its steps, before and after', async () => {
    await visit('/ui/images', async (page) => {
      await sees(page, '.empty:has-text("No images yet")');
      const upload = await holdBack(page, '**/upload*');
      await page.setInputFiles('input[type=file]', [await file('one.jpg'), await file('two.jpg')]);
      for (const name of ['one.jpg', 'two.jpg']) await sees(page, `.upload:has-text("${name}") progress`);
      upload();
      for (const name of ['one.jpg', 'two.jpg'])
        await sees(page, `.upload[data-phase=done]:has-text("${name}")`);
      const first = page.locator('.upload').first();
      expect(await first.locator('.hops').textContent()).toMatch(/Black and white\S+ · .*ms.*Blur\S+ · /s);
      const link = first.getByRole('link', { name: 'Download' });
      expect(await link.getAttribute('href')).toMatch(/^\/image\//);
      expect(await link.getAttribute('download')).toBe('two.jpg');

      // The comparison works with the keyboard.
      await first.getByRole('slider').focus();
      await page.keyboard.press('Home');
      await first.locator('.before[style*="inset(0px 100% 0px 0px)"]').waitFor({ state: 'attached' });

      await page.reload();
      await counts(page, '.recent img', 2);
      await page.getByRole('button', { name: 'Open the result of one.jpg' }).click();
      await sees(page, 'dialog:has-text("Black and white")');
    });
  });

  test('an image that cannot be loaded stays until it can; one that was deleted says so', async () => {
    await visit(
      '/ui/images',
      async (page) => {
        await page.setInputFiles('input[type=file]', [await file('stays.jpg')]);
        await sees(page, '.recent img');
        let status = 503;
        await page.route('**/image/*', (route) =>
          status === 200
            ? route.continue()
            : route.fulfill({ status, headers: { 'Retry-After': '30' }, body: '{}' }),
        );
        await page.reload();
        await sees(page, '.recent .no-image:has-text("Cannot be loaded right now.")');
        // It is still remembered.
        await page.reload();
        await sees(page, '.recent .no-image:has-text("Cannot be loaded right now.")');
        status = 200;
        await page.getByRole('button', { name: 'Try again' }).click();
        await sees(page, '.recent img');

        status = 404;
        await page.reload();
        await sees(page, '.recent .no-image:has-text("No longer available.")');
        await page.reload();
        await sees(page, '.empty:has-text("No images yet")');
      },
      { refusals: [503, 404] },
    );
  });

  test('an image that cannot be loaded is retried automatically', async () => {
    await visit(
      '/ui/images',
      async (page) => {
        await page.setInputFiles('input[type=file]', [await file('patience.jpg')]);
        await sees(page, '.recent img');
        let refused = 0;
        let isBack = false;
        await page.route('**/image/*', (route) => {
          if (isBack) return route.continue();
          refused += 1;
          return route.fulfill({ status: 503, body: '{}' });
        });
        await page.reload();
        await sees(page, '.recent .no-image button');
        await until('it has tried again', () => refused >= 2);
        isBack = true;
        await sees(page, '.recent img');
      },
      { refusals: [503] },
    );
  });

  test('effects can be chosen, and ordered with buttons or by dragging', async () => {
    await visit('/ui/images', async (page) => {
      await areChosen(page, ['Black and white', 'Blur']);
      await page.getByRole('button', { name: 'Apply Blur earlier' }).click();
      await areChosen(page, ['Blur', 'Black and white']);
      await page.locator('.effect').first().dragTo(page.locator('.effect').last());
      await areChosen(page, ['Black and white', 'Blur']);

      await page.getByLabel('Blur', { exact: true }).uncheck();
      await areChosen(page, ['Black and white']);
      await page.getByLabel('Black and white', { exact: true }).uncheck();
      await sees(page, 'text=Choose an effect first');
    });
  });

  test('an image can be dropped and processed as a job', async () => {
    await visit('/ui/images', async (page) => {
      await page.getByLabel('As a job').check();
      const { name, mimeType, buffer } = await file('dropped.jpg');
      const transfer = await page.evaluateHandle(`(() => {
        const bytes = Uint8Array.from(atob('${buffer.toString('base64')}'), (c) => c.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], '${name}', { type: '${mimeType}' }));
        return transfer;
      })()`);
      await page.dispatchEvent('.drop-zone', 'dragover', { dataTransfer: transfer });
      await sees(page, '.drop-zone.is-over');
      await page.dispatchEvent('.drop-zone', 'drop', { dataTransfer: transfer });
      await sees(page, '.upload[data-phase=done]:has-text("dropped.jpg")');
      await page.locator('.upload').getByRole('link', { name: 'Timeline' }).click();
      await sees(page, 'dialog:has-text("Image job")');
      await sees(page, 'dialog img');
    });
  });

  test('a file that is not an image is refused: by type at once, by content after the upload', async () => {
    await visit(
      '/ui/images',
      async (page) => {
        const text = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('notes') };
        await page.setInputFiles('input[type=file]', text);
        await sees(page, 'text=notes.txt is not a JPEG, PNG or WebP image.');
        const fake = { name: 'fake.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no image') };
        await page.setInputFiles('input[type=file]', fake);
        await sees(page, '.upload[data-phase=failed] .notice:has-text("not a supported image")');
        await page.getByRole('button', { name: 'Remove fake.jpg from this list' }).click();
        await sees(page, '.upload', 'hidden');
      },
      { refusals: [415] },
    );
  });

  (isLocal ? test : test.skip)('says that a worker is down, and offers to retry the upload', async () => {
    await visit(
      '/ui/images',
      async (page) => {
        await whileHanging('bw-worker-1', async () => {
          await page.setInputFiles('input[type=file]', await file('patient.jpg'));
          await sees(page, '.upload[data-phase=failed]');
        });
        await page.getByRole('button', { name: 'Try again' }).click();
        await sees(page, '.upload[data-phase=done]');
      },
      { refusals: [503] },
    );
  });
}
