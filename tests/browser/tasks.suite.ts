import { randomUUID } from 'node:crypto';
import type { Task } from '@millrace/contracts';
import type { Page } from 'playwright-core';
import { makeTask } from './api.js';
import { baseUrl, counts, focused, hasFocus, isLocal, sees, until, visit, whileHanging } from './session.js';

/** A unique title. */
const newTitle = (words: string) => `${words} ${randomUUID().slice(0, 8)}`;
const row = (title: string) => `.task:has-text("${title}")`;
const existsOnServer = async (id: string) => (await fetch(`${baseUrl()}/api/tasks/${id}`)).status === 200;

const countOnServer = async (q: string) =>
  ((await (await fetch(`${baseUrl()}/api/tasks?${new URLSearchParams({ q }).toString()}`)).json()) as Task[])
    .length;

const newTask = (page: Page) => page.getByLabel('New task', { exact: true });

/** The row may come earlier, by the event stream; what is typed before the form is empty gets lost. */
const isAdded = (page: Page) =>
  until('the next one can be typed', async () => (await newTask(page).inputValue()) === '');

async function add(page: Page, title: string): Promise<void> {
  await newTask(page).fill(title);
  await page.getByRole('button', { name: 'Add task' }).click();
  await isAdded(page);
  await sees(page, row(title));
}

/** Not `check()`, which wants the box checked at once: a refresh may still show the task as it was before. */
async function complete(page: Page, title: string): Promise<void> {
  await page.getByLabel(`Done: ${title}`).click();
}

/** Workers elsewhere are as quick as they are. */
const beforeWorkersDoIt = (work: () => Promise<void>) =>
  isLocal ? whileHanging('queue-worker-1', work) : work();

export function tasksSuite(): void {
  test('a task can be added with a priority and a description, edited, and completed', async () => {
    const title = newTitle('Buy milk');
    await visit('/', async (page) => {
      await page.getByLabel('Priority of the new task').selectOption('High');
      await page.getByRole('button', { name: 'Add description' }).click();
      await page.getByLabel('Description').fill('2L whole');
      await add(page, title);
      const task = page.locator(row(title));
      expect(await task.textContent()).toMatch(/2L whole.*High.*Open/s);

      await page.getByRole('button', { name: `Edit ${title}` }).click();
      await page.getByRole('dialog').getByLabel('Title').fill(`${title}, and bread`);
      await page.getByRole('dialog').getByLabel('Priority').selectOption('Low');
      await page.getByRole('button', { name: 'Save' }).click();
      await sees(page, `${row(`${title}, and bread`)}:has-text("Low")`);

      await complete(page, title);
      await sees(page, `${row(title)}[data-status=completed]`);
      await page.reload();
      await sees(page, `${row(title)}[data-status=completed]`);
    });
  });

  test('a background task with a description is sent in one request', async () => {
    const title = newTitle('Describe me');
    await visit('/', async (page) => {
      const writes: string[] = [];
      page.on('request', (request) => {
        if (request.method() !== 'GET') writes.push(`${request.method()} ${new URL(request.url()).pathname}`);
      });
      await newTask(page).fill(title);
      await page.getByRole('button', { name: 'Add description' }).click();
      await page.getByLabel('Description').fill('all of it');
      await page.getByRole('button', { name: 'Run in background' }).click();
      await sees(page, `${row(title)}:has-text("all of it")`);
      expect(writes).toEqual(['POST /api/add']);
    });
  });

  test.each(['Add task', 'Run in background'])(
    '%s: two clicks, and another one after a lost response, create one task',
    async (button) => {
      const title = newTitle('Once');
      await visit(
        '/',
        async (page) => {
          const keys = new Set<string | undefined>();
          await page.route(/\/api\/(add|tasks)$/, async (route) => {
            if (route.request().method() !== 'POST') return route.continue();
            keys.add(route.request().headers()['idempotency-key']);
            await route.fetch();
            await route.abort();
          });
          await newTask(page).fill(title);
          await page.getByRole('button', { name: button }).dblclick();
          await sees(page, '.notice:has-text("it will not be done twice")');
          await page.unroute(/\/api\/(add|tasks)$/);
          const repeated = page.waitForRequest((request) => request.method() === 'POST');
          await page.getByRole('button', { name: button }).click();
          keys.add((await repeated).headers()['idempotency-key']);
          await isAdded(page);
          await sees(page, row(title));
          expect([...keys]).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
          expect(await countOnServer(title)).toBe(1);

          // The same text again is another task.
          await add(page, title);
          await until('there are two', async () => (await countOnServer(title)) === 2);
        },
        { mayLoseConnection: true },
      );
    },
  );

  test('an invalid title is reported at its field, which gets the focus', async () => {
    await visit(
      '/',
      async (page) => {
        await page.getByRole('button', { name: 'Add task' }).click();
        await sees(page, '.field-error:has-text("must not be empty")');
        expect(await newTask(page).getAttribute('aria-invalid')).toBe('true');
        await until('it has the focus', async () =>
          page.evaluate<boolean>('document.activeElement.matches("[aria-invalid=true]")'),
        );
      },
      { refusals: [422] },
    );
  });

  test('the status of a background task updates automatically', async () => {
    const title = newTitle('Send newsletter');
    await visit('/', async (page) => {
      await sees(page, '.live.is-live');
      await beforeWorkersDoIt(async () => {
        await newTask(page).fill(title);
        await page.getByRole('button', { name: 'Run in background' }).click();
        await sees(page, `${row(title)}:is([data-status=queued], [data-status=processing])`);
      });
      await sees(page, `${row(title)}[data-status=completed]`);
      expect(await page.locator(row(title)).textContent()).toMatch(/done by \S+/);
      await page.locator(row(title)).getByRole('link', { name: 'Timeline' }).click();
      await sees(page, 'dialog:has-text("Attempt 1")');
    });
  });

  test('a deletion can be undone with the button or Ctrl+Z', async () => {
    const task = await makeTask({ title: newTitle('Water the plants') });
    await visit('/', async (page) => {
      const remove = page.getByRole('button', { name: `Delete ${task.title}` });
      await remove.click();
      await sees(page, row(task.title), 'hidden');
      await page.getByRole('button', { name: 'Undo' }).click();
      await sees(page, row(task.title));

      await remove.click();
      await sees(page, row(task.title), 'hidden');
      await page.keyboard.press('Control+z');
      await sees(page, row(task.title));
      expect(await existsOnServer(task.id)).toBe(true);
    });
  });

  test('a task is deleted for good when the message disappears or the page is left', async () => {
    const [first, second] = [
      await makeTask({ title: newTitle('a') }),
      await makeTask({ title: newTitle('b') }),
    ];
    await visit('/', async (page) => {
      await page.getByRole('button', { name: `Delete ${first.title}` }).click();
      await page.getByRole('button', { name: 'Dismiss' }).click();
      await until('it is gone', async () => !(await existsOnServer(first.id)));

      await page.getByRole('button', { name: `Delete ${second.title}` }).click();
      await page.goto('about:blank');
      await until('it is gone', async () => !(await existsOnServer(second.id)));
    });
  });

  test('search and filters narrow the list, are part of the URL, and survive a reload', async () => {
    const mark = randomUUID().slice(0, 8);
    await makeTask({ title: `${mark} one`, priority: 'high' });
    await makeTask({ title: `${mark} two`, priority: 'low' });
    await visit('/', async (page) => {
      await page.getByLabel('Search').fill(mark);
      await counts(page, '.task', 2);
      await page.getByLabel('Priority', { exact: true }).selectOption('High');
      await counts(page, '.task', 1);
      const address = `?q=${mark}&priority=high`;
      await until('the address has both', () => new URL(page.url()).search === address);

      await page.reload();
      await sees(page, row(`${mark} one`));
      expect(await page.locator('.task').count()).toBe(1);
      await page.getByLabel('Status').selectOption('Done');
      await sees(page, '.empty:has-text("Nothing found")');
      await page.getByRole('button', { name: 'Show all tasks' }).click();
      await sees(page, row(`${mark} two`));
    });
  });

  test('two tabs stay in sync', async () => {
    const title = newTitle('In sync');
    await visit('/', async (page) => {
      const other = await page.context().newPage();
      await other.goto('/');
      await sees(other, '.live.is-live');
      await page.bringToFront();
      await add(page, title);
      await sees(other, row(title));
      await other.bringToFront();
      await complete(other, title);
      await sees(page, `${row(title)}[data-status=completed]`);
      await page.bringToFront();
      await page.getByRole('button', { name: `Delete ${title}` }).click();
      await page.getByRole('button', { name: 'Dismiss' }).click();
      await sees(other, row(title), 'hidden');
    });
  });

  test('everything works with the keyboard', async () => {
    const title = newTitle('By keyboard');
    const neighbour = await makeTask({ title: newTitle('Its neighbour') });
    await visit('/', async (page) => {
      await newTask(page).focus();
      await page.keyboard.type(title);
      await page.keyboard.press('Enter');
      // The next one can be typed right away.
      await isAdded(page);
      await sees(page, '.composer input:focus');
      await sees(page, row(title));

      await page.getByLabel(`Done: ${title}`).focus();
      await page.keyboard.press('Space');
      await sees(page, `${row(title)}[data-status=completed]`);
      await tabTo(page, `Edit ${title}`);
      await page.keyboard.press('Enter');
      await sees(page, 'dialog[open]');
      await page.keyboard.press('Escape');
      await sees(page, 'dialog[open]', 'hidden');
      await hasFocus(page, `Edit ${title}`);
      await tabTo(page, `Delete ${title}`);
      await page.keyboard.press('Enter');
      await sees(page, row(title), 'hidden');
      // The focus is not lost when the row disappears: the next one gets it.
      await hasFocus(page, `Delete ${neighbour.title}`);
    });
  });

  (isLocal ? test : test.skip)('says that the service is down, and recovers when it is back', async () => {
    await visit(
      '/?q=nothing-has-this-name',
      async (page) => {
        await sees(page, '.empty');
        await whileHanging('task-api-1', async () => {
          await page.getByLabel('Search').fill('nor this');
          await sees(page, '.notice:has-text("Try again")');
        });
        // With the button, or automatically when the event stream is back first.
        await until('it goes on', async () => {
          const button = page.getByRole('button', { name: 'Try again' });
          await button.click({ timeout: 500 }).catch(() => undefined);
          return !(await page.locator('.notice').isVisible());
        });
        await sees(page, '.empty');
      },
      { refusals: [503, 504] },
    );
  });

  test('a banner shows while the browser is offline; back online, the list is up to date', async () => {
    await visit(
      '/',
      async (page) => {
        await sees(page, '.live.is-live');
        await page.context().setOffline(true);
        await sees(page, 'text=No connection');
        const task = await makeTask({ title: newTitle('Meanwhile') });
        await page.context().setOffline(false);
        await sees(page, row(task.title));
        await sees(page, 'text=No connection', 'hidden');
      },
      { mayLoseConnection: true },
    );
  });
}

async function tabTo(page: Page, name: string): Promise<void> {
  for (let steps = 0; steps < 10; steps += 1) {
    if ((await focused(page)) === name) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`not reached by Tab: ${name}`);
}
