import { randomUUID } from 'node:crypto';
import type { Page } from 'playwright-core';
import { makeTask, queueTask, registerUser } from './api.js';
import { counts, hasFocus, sees, until, visit } from './session.js';

/** So many that the newest pages leave the page twice. */
const ROWS = 300;
const MOST_SHOWN = 200;

/** A list with at least 300 rows, created for the test. */
interface List {
  what: string;
  row: string;
  make: (name: string) => Promise<unknown>;
  /** The list with those rows, each of which has `mark` in its name. */
  path: (mark: string) => string;
  /** Whether it updates automatically. */
  live: boolean;
}

/** So many at once that it is quick, and no more than a stack can take. */
async function makeRows(count: number, make: (index: number) => Promise<unknown>): Promise<void> {
  for (let made = 0; made < count; made += 50)
    await Promise.all(Array.from({ length: Math.min(50, count - made) }, (_, index) => make(made + index)));
}

const tomorrow = () => new Date(Date.now() + 86_400_000).toISOString();
const lists: List[] = [
  {
    what: 'tasks',
    row: '.task',
    make: (title) => makeTask({ title }),
    path: (mark) => `/?q=${mark}`,
    live: true,
  },
  {
    what: 'users',
    row: '.user',
    make: (name) => registerUser({ name, email: `${name}@example.com` }),
    path: () => '/ui/users',
    live: false,
  },
  {
    what: 'jobs',
    row: '.job',
    make: (task) => queueTask(task, { run_at: tomorrow(), priority: 'low' }),
    path: () => '/ui/jobs?status=queued&kind=task',
    live: true,
  },
];

export function pagesSuite(): void {
  test.each(lists)(
    `each of ${ROWS} $what can be reached, with at most ${MOST_SHOWN} rows on the page`,
    async ({ what, row, make, path, live }) => {
      const mark = randomUUID().slice(0, 8);
      await makeRows(ROWS, (index) => make(`${mark}-${index}`));
      await visit(path(mark), async (page) => {
        const rows = page.locator(row);
        const older = page.getByRole('button', { name: `Show older ${what}` });
        const newer = page.getByRole('button', { name: `Show newer ${what}` });
        const seen = new Set<string>();
        const look = async (depth: number) => {
          const length = Math.min(50 * depth, MOST_SHOWN);
          const names = await until(`page ${depth} is there`, async () => {
            const shown = await shownNames(page, row);
            return shown.size >= length && shown;
          });
          expect(names.size).toBe(length);
          for (const name of names) seen.add(name);
        };
        await look(1);
        await older.focus();
        for (let depth = 2; depth <= ROWS / 50; depth += 1) {
          const [before] = await shownNames(page, row);
          await page.keyboard.press('Enter');
          await sees(page, `[role=status]:has-text("Page ${depth}: ")`);
          if (depth > 4)
            await until('the newest have gone', async () => !(await shownNames(page, row)).has(before!));
          await look(depth);
        }
        expect(seen.size).toBeGreaterThanOrEqual(ROWS);

        // Live updates change none of that.
        const deep = await shownNames(page, row);
        if (live) {
          const refreshing = page.waitForRequest((request) => request.url().includes('cursor='));
          await make(`${mark}-late`);
          await (await (await refreshing).response())!.finished();
          expect(await shownNames(page, row)).toEqual(deep);
        }

        await newer.focus();
        for (let depth = ROWS / 50; depth > 4; depth -= 1) {
          await sees(page, `[role=status]:has-text("Page ${depth}: ")`);
          await page.keyboard.press('Enter');
        }
        await newer.waitFor({ state: 'hidden' });
        expect(await rows.count()).toBe(MOST_SHOWN);
        await hasFocus(page, `These are the newest ${what}.`);
      });
    },
  );

  test('at the end of a list, the text that says so gets the focus', async () => {
    const mark = randomUUID().slice(0, 8);
    await makeRows(60, (index) => makeTask({ title: `${mark} ${index}` }));
    await visit(`/?q=${mark}`, async (page) => {
      await page.getByRole('button', { name: 'Show older tasks' }).click();
      await counts(page, '.task', 60);
      await hasFocus(page, 'No older tasks.');
    });
  });

  test('a new task comes into view, no matter which page is shown', async () => {
    const mark = randomUUID().slice(0, 8);
    await makeRows(240, (index) => makeTask({ title: `${mark} ${index}` }));
    await visit(`/?q=${mark}`, async (page) => {
      for (const rows of [100, 150, 200]) {
        await page.getByRole('button', { name: 'Show older tasks' }).click();
        await counts(page, '.task', rows);
      }
      await page.getByRole('button', { name: 'Show older tasks' }).click();
      await sees(page, 'text=Show newer tasks');
      await page.getByLabel('New task', { exact: true }).fill(`${mark} new`);
      await page.getByRole('button', { name: 'Add task' }).click();
      await sees(page, `.task:has-text("${mark} new")`);
    });
  });
}

/** The text that distinguishes the rows. */
async function shownNames(page: Page, row: string): Promise<Set<string>> {
  const links = await page.locator(`${row} :is(.task-title, .user-name, .job-name a)`).allTextContents();
  return new Set(links);
}
