import { randomUUID } from 'node:crypto';
import type { Page, Route } from 'playwright-core';
import { holdBack, sees, visit } from './session.js';

const BLANK = 'about:blank';

const LIST_OF_JOBS = /\/api\/jobs\?/;
/** When the page asked for it, by the page's own clock. */
const LISTED_AT = `performance.getEntriesByType('resource').filter(({ name }) => name.includes('/api/jobs?')).map(({ startTime }) => startTime)`;

/** A problem+json response to send instead of the server's. */
const problem = (
  status: number,
  detail: string,
  headers: Record<string, string> = {},
  more: object = {},
) => ({
  status,
  headers: { 'Content-Type': 'application/problem+json', ...headers },
  body: JSON.stringify({ type: 'about:blank', title: 'Problem', status, detail, ...more }),
});

async function fillRegistration(page: Page): Promise<string> {
  const email = `${randomUUID().slice(0, 8)}@example.com`;
  await page.getByLabel('Name').fill('Grace');
  await page.getByLabel('Email address').fill(email);
  return email;
}

export function failuresSuite(): void {
  test('after a 429, a list says how long it waits, and then loads automatically', async () => {
    await visit(
      BLANK,
      async (page) => {
        const answer = await holdBack(page, LIST_OF_JOBS);
        const tooMany = problem(429, 'Slow down.', { 'Retry-After': '3' });
        await page.route(LIST_OF_JOBS, (route) => route.fulfill(tooMany), { times: 1 });
        await page.goto('/ui/jobs?status=failed');
        await sees(page, '.notice:has-text("Too many requests. Retrying in 3 s.")');
        answer();
        await sees(page, '.job, .empty');
        await sees(page, '.notice', 'hidden');
        const [first, second] = await page.evaluate<number[]>(LISTED_AT);
        expect(second! - first!).toBeGreaterThanOrEqual(2_900);
      },
      { refusals: [429] },
    );
  });

  test('after a 429, a form says when to try again', async () => {
    await visit(
      '/ui/users',
      async (page) => {
        await page.route('**/user/register', (route) =>
          route.fulfill(problem(429, 'Slow down.', { 'Retry-After': '7' })),
        );
        await fillRegistration(page);
        await page.getByRole('button', { name: 'Register' }).click();
        await sees(page, '.notice:has-text("Too many requests. Try again in 7 s.")');
      },
      { refusals: [429] },
    );
  });

  test.each([
    [false, 'Nothing has been started. Try again.'],
    [true, 'It may have been started: check the list before you try again.'],
  ])(
    'after a 503 with work_begun %s, a form says whether it is safe to try again',
    async (work_begun, advice) => {
      await visit(
        '/ui/users',
        async (page) => {
          await page.route('**/user/register', (route) =>
            route.fulfill(problem(503, 'No room. Try again later.', { 'Retry-After': '1' }, { work_begun })),
          );
          await fillRegistration(page);
          await page.getByRole('button', { name: 'Register' }).click();
          await sees(page, `.notice:has-text("No room. ${advice}")`);
        },
        { refusals: [503] },
      );
    },
  );

  test('when the response to a registration is lost, the user is listed, and a second try says so', async () => {
    await visit(
      '/ui/users',
      async (page) => {
        const loseAnswer = async (route: Route) => {
          await route.fetch();
          await route.abort();
        };
        await page.route('**/user/register', loseAnswer);
        const email = await fillRegistration(page);
        await page.getByRole('button', { name: 'Register' }).click();
        await sees(page, '.notice:has-text("check the list before you try again")');
        await sees(page, `.user:has-text("${email}")`);
        await page.unroute('**/user/register', loseAnswer);
        await page.getByRole('button', { name: 'Register' }).click();
        await sees(page, '.field-error:has-text("is already registered, perhaps by your last try")');
      },
      { mayLoseConnection: true, refusals: [409] },
    );
  });

  test('a page of HTML, an object, or half a response instead of a list is reported, and the list can be loaded again', async () => {
    const answers = [
      { contentType: 'text/html', body: '<h1>Sign in to the guest network</h1>' },
      { contentType: 'application/json', body: '{"rows": []}' },
      { contentType: 'application/json', body: '[{"id": "1' },
    ];
    await visit('/ui/users', async (page) => {
      await sees(page, '.user, .empty');
      for (const answer of answers) {
        await page.route('**/user/users*', (route) => route.fulfill(answer));
        await page.getByRole('link', { name: 'System' }).click();
        await page.getByRole('link', { name: 'Users' }).click();
        await sees(page, '.notice:has-text("The server sent an unexpected response.")');
        await page.unroute('**/user/users*');
        await page.getByRole('button', { name: 'Try again' }).click();
        await sees(page, '.user, .empty');
        await sees(page, '.notice', 'hidden');
      }
    });
  });

  test('rows that cannot be rendered take down only their page', async () => {
    await visit(BLANK, async (page) => {
      await page.route('**/user/users*', (route) => route.fulfill({ json: [{ id: '1', name: null }] }));
      await page.goto('/ui/users');
      await sees(page, '.notice:has-text("Something went wrong on this page.")');
      await page.getByRole('link', { name: 'Analyze' }).click();
      await sees(page, 'h1:has-text("Analyze")');
    });
  });
}
