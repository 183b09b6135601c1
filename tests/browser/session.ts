import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { startStack, type Stack, type StackOptions } from '../../local/stack/stack.js';
import { until as untilSoon } from '../support/until.js';
import { findChromium } from './chromium.js';

/** How long anything may take. A busy machine needs it; where all is well it costs nothing. */
const PATIENCE_MS = 40_000;
/** For `jest.setTimeout`: what takes too long fails by itself before, and says what was awaited. */
export const TEST_MS = 180_000;

/** `until`, with the patience that everything here has. */
export const until: typeof untilSoon = (what, ask) => untilSoon(what, ask, PATIENCE_MS);

const givenUrl = process.env.MILLRACE_URL?.replace(/\/+$/, '');
let stack: Stack | undefined;
let browser: Browser | undefined;

/** Whether the stack was started here. Only then can its processes be stopped. */
export const isLocal = givenUrl === undefined;

/** @param options of a local stack */
export async function startSession(options: Partial<StackOptions> = {}): Promise<void> {
  [stack, browser] = await Promise.all([
    isLocal
      ? startStack({
          port: 'free',
          scale: { 'blur-worker': 2 },
          // Slow enough to see every state, and quick to fail.
          env: {
            'blur-worker': { BLUR_DELAY_MS: '300' },
            'queue-worker': { TASK_DELAY_MS: '400' },
            'task-api': { JOB_MAX_ATTEMPTS: '2', JOB_BACKOFF_MS: '100' },
          },
          ...options,
        })
      : undefined,
    launchChromium(),
  ]);
}

export async function stopSession(): Promise<void> {
  await browser?.close();
  await stack?.stop();
}

export function launchChromium(): Promise<Browser> {
  const executablePath = findChromium()!;
  // The sandbox does not work as root, the user in a container.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath, args });
}

/** Without a trailing slash. */
export function baseUrl(): string {
  return givenUrl ?? stack!.url;
}

/** Kills a process of the stack, which starts it again. */
export function kill(name: string): void {
  stack!.process(name).kill('SIGKILL');
}

/** Runs `work` while a process of the stack hangs, and waits until the stack is healthy again: the next test needs it. */
export async function whileHanging(name: string, work: () => Promise<void>): Promise<void> {
  const supervised = stack!.process(name);
  supervised.kill('SIGSTOP');
  try {
    await work();
  } finally {
    supervised.kill('SIGCONT');
  }
  await until('the stack is healthy', async () => (await fetch(`${baseUrl()}/health`)).ok);
}

interface VisitOptions extends BrowserContextOptions {
  /** Expected error statuses, which the browser reports on its console. */
  refusals?: number[];
  mayLoseConnection?: boolean;
}

/**
 * Opens a page as a first-time visitor, and closes everything afterwards. Anything the browser complains about in between
 * (errors, violations of the Content-Security-Policy, requests to other hosts) fails the test.
 */
export async function visit(
  path: string,
  work: (page: Page) => Promise<void>,
  { refusals = [], mayLoseConnection = false, ...options }: VisitOptions = {},
): Promise<void> {
  const context = await browser!.newContext({ baseURL: baseUrl(), ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [];
  const isExpected = (text: string, url: string) =>
    // A stack on a busy machine may be unhealthy for a moment, which the pages that ask for it show.
    url === `${baseUrl()}/health` ||
    refusals.some((status) => text.includes(`status of ${status}`)) ||
    (mayLoseConnection && /ERR_(INTERNET_DISCONNECTED|FAILED)/.test(text));
  context.on('page', (page) => {
    page.on('console', (message) => {
      if (message.type() !== 'error' && message.type() !== 'warning') return;
      if (!isExpected(message.text(), message.location().url))
        complaints.push(`${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol.startsWith('http') && origin !== baseUrl()) complaints.push(`request to ${request.url()}`);
    });
  });
  try {
    const page = await context.newPage();
    await page.goto(path);
    await work(page);
    expect(complaints).toEqual([]);
  } finally {
    await context.close();
  }
}

/** Waits until an element is visible (or hidden). */
export async function sees(page: Page, selector: string, state: 'visible' | 'hidden' = 'visible') {
  await page.locator(selector).first().waitFor({ state });
}

/** Resolves when an element has been on the page, for however short a time. Call it before what makes the element appear. */
export async function appears(page: Page, cssSelector: string): Promise<void> {
  await page.evaluate(`new Promise((resolve) => {
    const look = () => {
      if (!document.querySelector(${JSON.stringify(cssSelector)})) return;
      observer.disconnect();
      resolve();
    };
    const observer = new MutationObserver(look);
    observer.observe(document, { subtree: true, childList: true, attributes: true });
    look();
  })`);
}

/** Waits until there are so many elements. */
export async function counts(page: Page, selector: string, count: number): Promise<void> {
  const what = `there are ${count} of ${selector}`;
  await until(what, async () => (await page.locator(selector).count()) === count);
}

/** The accessible name of the focused element. */
export async function focused(page: Page): Promise<string> {
  return page.evaluate<string>(
    `(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent ?? '').trim()`,
  );
}

/** Waits until an element with this accessible name has the focus. */
export async function hasFocus(page: Page, name: string | RegExp): Promise<void> {
  const isIt = (found: string) => (typeof name === 'string' ? found === name : name.test(found));
  await until(`${String(name)} has the focus`, async () => isIt(await focused(page)));
}

/** Holds back requests of the page until the returned function is called. */
export async function holdBack(page: Page, url: string | RegExp): Promise<() => void> {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route(url, async (route) => {
    await released;
    await route.continue();
  });
  return release;
}

/** A common phone size. */
export const PHONE = { viewport: { width: 390, height: 844 } };
export const DESKTOP = { viewport: { width: 1280, height: 800 } };
