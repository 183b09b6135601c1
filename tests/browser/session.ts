import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { startStack, type Stack, type StackOptions } from '../../local/stack/stack.js';
import { findChromium } from './chromium.js';

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

/** Runs `work` while a process of the stack hangs. */
export async function whileHanging(name: string, work: () => Promise<void>): Promise<void> {
  const supervised = stack!.process(name);
  supervised.kill('SIGSTOP');
  try {
    await work();
  } finally {
    supervised.kill('SIGCONT');
  }
}

export interface VisitOptions extends BrowserContextOptions {
  /** Expected error statuses, which the browser reports on its console. */
  refusals?: number[];
  mayLoseConnection?: boolean;
  /** How long a page may take to open, and whatever is awaited there to come. Default 10,000. */
  patienceMs?: number;
}

/**
 * Opens a page as a first-time visitor, and closes everything afterwards. Anything the browser complains about in between
 * (errors, violations of the Content-Security-Policy, requests to other hosts) fails the test.
 */
export async function visit(
  path: string,
  work: (page: Page) => Promise<void>,
  { refusals = [], mayLoseConnection = false, patienceMs = 10_000, ...options }: VisitOptions = {},
): Promise<void> {
  const context = await browser!.newContext({ baseURL: baseUrl(), ...options });
  context.setDefaultTimeout(patienceMs);
  const complaints: string[] = [];
  const isExpected = (text: string) =>
    refusals.some((status) => text.includes(`status of ${status}`)) ||
    (mayLoseConnection && /ERR_(INTERNET_DISCONNECTED|FAILED)/.test(text));
  context.on('page', (page) => {
    page.on('console', (message) => {
      if (message.type() !== 'error' && message.type() !== 'warning') return;
      if (!isExpected(message.text())) complaints.push(`${message.type()}: ${message.text()}`);
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

/** The accessible name of the focused element. */
export async function focused(page: Page): Promise<string> {
  return page.evaluate<string>(
    `(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent ?? '').trim()`,
  );
}

/** A common phone size. */
export const PHONE = { viewport: { width: 390, height: 844 } };
export const DESKTOP = { viewport: { width: 1280, height: 800 } };
