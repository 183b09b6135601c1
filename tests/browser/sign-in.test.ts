// Signing in, in a real browser and at a real identity provider.
import { readFileSync, rmSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { Browser, BrowserContext, Page, Request } from 'playwright-core';
import { freePort } from '../../local/servers/ports.js';
import { type IdentityProvider, startIdentityProvider } from '../../local/identity-provider/start.js';
import { type Stack, startStack } from '../../local/stack/stack.js';
import { type Guard, openGuard } from '../../local/supervise/guard.js';
import { temporaryFolder } from '../../local/supervise/test-support.js';
import { makeImage } from '../support/images.js';
import { expectNoFindings } from './accessibility.js';
import { findChromium } from './chromium.js';
import { DESKTOP, launchChromium, sees, TEST_MS } from './session.js';

/** So short that a session must be renewed while a test runs. */
const TOKEN_SECONDS = 12;
/** Until a token has expired and the page has asked for something again. */
const RENEWAL = { timeout: 90_000 };

let browser: Browser;
let stack: Stack;
let provider: IdentityProvider;
let home: string;
let guard: Guard;
let folder: string;

async function start(): Promise<void> {
  folder = temporaryFolder();
  guard = await openGuard(folder);
  const port = await freePort();
  home = `http://localhost:${port}/`;
  const tokenSeconds = TOKEN_SECONDS;
  provider = await startIdentityProvider({ guard, port: await freePort(), home, tokenSeconds });
  [stack, browser] = await Promise.all([
    startStack({ port, env: { all: provider.settings } }),
    launchChromium(),
  ]);
}

async function stop(): Promise<void> {
  await browser.close();
  await stack.stop();
  await provider.stop();
  await guard.close();
  rmSync(folder, { recursive: true, force: true });
}

/** Opens the page in a separate browser. Any complaint of the browser fails the test. */
async function visit(
  path: string,
  work: (page: Page, context: BrowserContext) => Promise<void>,
  expected: RegExp[] = [],
): Promise<void> {
  const context = await browser.newContext({ baseURL: home, ...DESKTOP });
  context.setDefaultTimeout(30_000);
  const complaints: string[] = [];
  const allowed = [new URL(home).origin, provider.url];
  context.on('page', (page) => {
    page.on('console', (message) => {
      const isOurs = message.location().url.startsWith(allowed[0]!) || message.location().url === '';
      if (!isOurs || !['error', 'warning'].includes(message.type())) return;
      if (!expected.some((pattern) => pattern.test(message.text()))) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol.startsWith('http') && !allowed.includes(origin))
        complaints.push(`request to ${request.url()}`);
    });
  });
  try {
    const page = await context.newPage();
    await page.goto(path);
    await work(page, context);
    expect(complaints).toEqual([]);
  } finally {
    await context.close();
  }
}

const isRenewal = (request: Request) =>
  request.url() === `${provider.url}/token` && /grant_type=refresh_token/.test(request.postData() ?? '');
const isAuthorization = (url: URL) => url.href.startsWith(`${provider.url}/auth?`);
const signInButton = (page: Page) => page.locator('main').getByRole('button', { name: 'Sign in' });

async function signIn(page: Page, person: string): Promise<void> {
  await signInButton(page).click();
  await page.fill('input[name=login]', person);
  await page.fill('input[name=password]', 'any');
  await page.click('button[type=submit]');
  await page.locator('.person-name', { hasText: person }).waitFor();
}

async function addTask(page: Page, title: string): Promise<void> {
  await page.getByLabel('New task', { exact: true }).fill(title);
  await page.getByRole('button', { name: 'Add task' }).click();
  await page.locator('.task', { hasText: title }).waitFor();
}

/** The parts of a page's storage that any script in the page could read. */
const stored = (page: Page) =>
  page.evaluate<string>(
    'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href])',
  );

const suite = findChromium() === undefined ? describe.skip : describe;

suite('signing in', () => {
  jest.setTimeout(TEST_MS);
  beforeAll(start);
  afterAll(stop);

  test('returns to the page where it began, shows who is signed in, and leaves no code or token behind', async () => {
    await visit('/ui/images?x=1', async (page) => {
      await sees(page, 'h1:has-text("Sign in")');
      const answers: string[] = [];
      page.on('framenavigated', (frame) => answers.push(frame.url()));
      await signIn(page, 'bob');
      expect(new URL(page.url()).pathname).toBe('/ui/images');
      const code = answers.map((url) => new URL(url).searchParams.get('code')).find(Boolean);
      expect(code).toBeDefined();
      const rest = await stored(page);
      expect(rest).not.toContain(code!);
      expect(rest).not.toMatch(/eyJ|verifier|nonce|access_token/);
      // Going back skips the URL with the code.
      expect(await page.evaluate('history.state')).toBeNull();
    });
  });

  test('users see their own tasks, live updates, uploads and downloads', async () => {
    await visit('/', async (page) => {
      await signIn(page, 'ada');
      await addTask(page, 'secret of ada');
    });
    await visit('/', async (page, context) => {
      await signIn(page, 'bob');
      await addTask(page, 'of bob');
      await expect(page.locator('.task', { hasText: 'secret of ada' }).count()).resolves.toBe(0);
      await sees(page, '.live.is-live');

      // Another tab signs in silently, and this one hears of changes made there.
      const other = await context.newPage();
      await other.goto('/');
      await signInButton(other).click();
      await other.locator('.person-name', { hasText: 'bob' }).waitFor();
      await addTask(other, 'from the other tab');
      await page.bringToFront();
      await page.locator('.task', { hasText: 'from the other tab' }).waitFor();
      await other.close();

      await page.getByRole('link', { name: 'Images' }).click();
      const buffer = await makeImage('jpeg');
      await page.setInputFiles('input[type=file]', { name: 'a.jpg', mimeType: 'image/jpeg', buffer });
      await page.locator('.upload[data-phase=done]').waitFor();
      await page.locator('.before-after img').first().waitFor();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('link', { name: 'Download' }).first().click(),
      ]);
      expect(
        readFileSync(await download.path())
          .subarray(0, 2)
          .toString('hex'),
      ).toBe('ffd8');

      await page.getByRole('link', { name: 'Jobs' }).click();
      await sees(page, '.job, .empty');
      // bob may not see the state of the whole queue, and gets no error about that every second.
      await expect(page.locator('.charts').count()).resolves.toBe(0);
      await expect(page.locator('main .notice').count()).resolves.toBe(0);
    });
  });

  test('a session is renewed unnoticed, and a reload signs in silently', async () => {
    await visit('/', async (page) => {
      await signIn(page, 'bob');
      await sees(page, '.live.is-live');
      // The event stream ends with its token, and comes back with the next one.
      const [events] = await Promise.all([
        page.waitForResponse('**/api/tasks/events', RENEWAL),
        page.waitForRequest(isRenewal, RENEWAL),
      ]);
      expect(events.status()).toBe(200);
      await sees(page, '.live.is-live');
      await addTask(page, 'after a renewal');
      await page.reload();
      await page.locator('.person-name', { hasText: 'bob' }).waitFor();
      await page.locator('.task', { hasText: 'after a renewal' }).waitFor();
    });
  });

  test('says that the session is over when it cannot be renewed, keeps the content of the page, and signs in again', async () => {
    await visit(
      '/',
      async (page) => {
        await signIn(page, 'bob');
        await addTask(page, 'stays');
        await page.route(`${provider.url}/token`, (route) =>
          route.fulfill({
            status: 400,
            headers: { 'Access-Control-Allow-Origin': '*' },
            json: { error: 'invalid_grant' },
          }),
        );
        await page.getByRole('alert').getByRole('button', { name: 'Sign in again' }).waitFor(RENEWAL);
        await sees(page, '.task:has-text("stays")');
        await expectNoFindings(page);
        await page.setViewportSize(DESKTOP.viewport);
        await page.unroute(`${provider.url}/token`);
        await page.getByRole('button', { name: 'Sign in again' }).click();
        await page.locator('.person-name', { hasText: 'bob' }).waitFor();
      },
      [/status of 40[01]/],
    );
  });

  test('signs out at the provider too, in all tabs', async () => {
    await visit('/', async (page, context) => {
      await signIn(page, 'bob');
      const other = await context.newPage();
      await other.goto('/');
      await signInButton(other).click();
      await other.locator('.person-name').waitFor();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('button', { name: /^Yes/ }).click();
      await signInButton(page).waitFor();
      await sees(other, 'text=You have signed out in another tab.');
      expect(await stored(page)).not.toContain('bob');
      await signInButton(page).click();
      await sees(page, 'input[name=password]');
    });
  });

  test('says which permission is missing', async () => {
    await visit(
      '/ui/users',
      async (page) => {
        await page.route('**/user/users*', (route) =>
          route.fulfill({
            status: 403,
            headers: {
              'WWW-Authenticate': 'Bearer realm="millrace", error="insufficient_scope", scope="users:read"',
            },
            json: { status: 403 },
          }),
        );
        await signIn(page, 'bob');
        await sees(page, 'text=You may not do this: your account lacks the right “users:read”.');
      },
      [/status of 403/],
    );
  });

  describe('does not fall for', () => {
    test('a response with another state, whose code is not even exchanged', async () => {
      await visit('/', async (page) => {
        const exchanged: string[] = [];
        page.on('request', (request) => request.method() === 'POST' && exchanged.push(request.url()));
        let authorization = '';
        page.on('request', (request) => {
          if (request.url().startsWith(`${provider.url}/auth?`)) authorization = request.url();
        });
        await page.route(isAuthorization, (route) =>
          route.fulfill({
            status: 303,
            headers: { Location: `${home}?code=stolen&state=wrong&iss=${encodeURIComponent(provider.url)}` },
          }),
        );
        await signInButton(page).click();
        await sees(page, 'text=The answer of the identity provider could not be accepted.');
        expect(authorization).toContain('code_challenge_method=S256');
        expect(page.url()).toBe(home);
        expect(exchanged).toEqual([]);
        expect(await stored(page)).not.toMatch(/stolen|verifier/);
      });
    });

    test('a response from another issuer', async () => {
      await visit('/', async (page) => {
        await page.route(isAuthorization, (route) => {
          const state = new URL(route.request().url()).searchParams.get('state');
          return route.fulfill({
            status: 303,
            headers: { Location: `${home}?code=stolen&state=${state}&iss=https%3A%2F%2Fevil.test` },
          });
        });
        await signInButton(page).click();
        await sees(page, 'text=The answer of the identity provider could not be accepted.');
      });
    });

    test('a response that nobody requested', async () => {
      for (const query of ['code=stolen&state=x', 'code=stolen', 'error=access_denied&state=x'])
        await visit(`/?${query}`, async (page) => {
          await sees(page, 'text=That was no answer to a sign-in from this tab.');
          expect(page.url()).toBe(home);
        });
    });

    test('a refusal: it says so, and does not try again by itself', async () => {
      await visit('/', async (page) => {
        await page.route(isAuthorization, (route) => {
          const state = new URL(route.request().url()).searchParams.get('state');
          const iss = encodeURIComponent(provider.url);
          return route.fulfill({
            status: 303,
            headers: { Location: `${home}?error=access_denied&state=${state}&iss=${iss}` },
          });
        });
        await signInButton(page).click();
        await sees(page, 'text=The identity provider has not let you in.');
        expect(page.url()).toBe(home);
        await page.reload();
        await signInButton(page).waitFor();
      });
    });
  });

  test('axe finds no violations where people sign in, and where they are signed in', async () => {
    await visit('/', async (page) => {
      await signInButton(page).waitFor();
      await expectNoFindings(page);
      await page.setViewportSize(DESKTOP.viewport);
      await signIn(page, 'ada');
      await sees(page, '.task, .empty');
      await expectNoFindings(page);
    });
  });

  test('the page may call the issuer and no other server; the library for it is small, and a separate file', async () => {
    const page = await fetch(home);
    expect(page.headers.get('content-security-policy')).toContain(`connect-src 'self' ${provider.url};`);
    const main = /src="(\/ui\/assets\/main-[^"]+)"/.exec(await page.text())![1]!;
    const script = await (await fetch(new URL(main, home))).text();
    const [, chunk] = /["'](\.\/session-[^"']+\.js)["']/.exec(script)!;
    const library = Buffer.from(await (await fetch(new URL(`/ui/assets/${chunk}`, home))).arrayBuffer());
    expect(library.toString()).toContain('code_challenge_method');
    expect(script).not.toContain('code_challenge_method');
    expect(gzipSync(library).length).toBeLessThan(30 * 1024);
  });
});
