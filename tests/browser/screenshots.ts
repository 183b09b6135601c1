// Takes the screenshots of the web UI for the documentation: npm run screenshots. It starts its own stacks, fills them with realistic
// data, and captures every page in both color schemes, on a desktop and on a phone.
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PageName } from '@millrace/contracts';
import type { BrowserContext, Page } from 'playwright-core';
import { freePort } from '../../local/servers/ports.js';
import { startIdentityProvider } from '../../local/identity-provider/start.js';
import { type Stack, type StackOptions, startStack } from '../../local/stack/stack.js';
import { openGuard } from '../../local/supervise/guard.js';
import { temporaryFolder } from '../../local/supervise/test-support.js';
import { landscape } from './landscape.js';
import { FOLDER, photograph, save, SCALE, SIZES } from './photograph.js';
import { launchChromium } from './session.js';
import { openTrace, TRACED } from './trace-scene.js';

/** Pages that need more height on a desktop. */
const TALLER = { lab: 1_180, images: 1_080, trace: 1_240 };

const TASKS = [
  { title: 'Renew the certificates of the staging hosts', priority: 'low', completed: true },
  { title: 'Buy milk', description: '2L whole', completed: true },
  { title: 'Answer the survey on working hours', priority: 'low' },
  { title: 'Book a room for the review', description: 'Eight people, with a projector' },
  { title: 'Call the landlord about the lease', priority: 'high' },
];
const QUEUED = ['Send the newsletter', 'Rebuild the search index', 'Export last month’s invoices'];
const PEOPLE = [
  'Ada Lovelace',
  'Grace Hopper',
  'Edsger Dijkstra',
  'Barbara Liskov',
  'Alan Turing',
  'Radia Perlman',
];

async function main(): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  const browser = await launchChromium();
  const port = await freePort();
  const baseURL = `http://127.0.0.1:${port}`;
  const context = await browser.newContext({ baseURL, deviceScaleFactor: SCALE, viewport: SIZES.desktop });
  try {
    // The previous run, for the comparison. The browser remembers it while the stack restarts.
    await withStack({ port, ...labWith(1) }, async () => (await openLab(context)).close());
    await withStack({ port, ...labWith(4) }, async () => {
      await fill(baseURL);
      await photographAll(context, baseURL);
    });
    await withPeople(port, async () => {
      const page = await signedIn(context, port);
      await save(page, 'ui-signed-in-desktop-light');
      console.log('signed in');
    });
    await withStack({ port, observe: true, env: TRACED }, async (stack) =>
      photograph('trace', await openTrace(context, killable(stack)), { height: TALLER.trace, top: '.trace' }),
    );
  } finally {
    await browser.close();
  }
}

/** With this many workers, and blurs that take long enough to be seen. */
const labWith = (blurWorkers: number) => ({
  scale: { 'blur-worker': blurWorkers, 'task-api': 2 },
  env: { 'blur-worker': { BLUR_DELAY_MS: '2000' }, 'queue-worker': { TASK_DELAY_MS: '900' } },
});

async function withStack(options: StackOptions, work: (stack: Stack) => Promise<void>): Promise<void> {
  const stack = await startStack(options);
  try {
    await work(stack);
  } finally {
    await stack.stop();
  }
}

const killable = (stack: Stack) => ({
  url: stack.url,
  kill: (pod: string) => stack.process(pod).kill('SIGKILL'),
});

/** A stack with sign-in. */
async function withPeople(port: number, work: () => Promise<void>): Promise<void> {
  const folder = temporaryFolder();
  const guard = await openGuard(folder);
  const home = `http://localhost:${port}/`;
  const provider = await startIdentityProvider({ guard, port: await freePort(), home });
  const stack = await startStack({ port, env: { all: provider.settings } });
  try {
    await work();
  } finally {
    await stack.stop();
    await provider.stop();
    await guard.close();
  }
}

async function signedIn(context: BrowserContext, port: number): Promise<Page> {
  const page = await context.newPage();
  await page.setViewportSize(SIZES.desktop);
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await page.goto(`http://localhost:${port}/`);
  await page.locator('main').getByRole('button', { name: 'Sign in' }).click();
  await page.fill('input[name=login]', 'ada');
  await page.fill('input[name=password]', 'any');
  await page.click('button[type=submit]');
  await page.locator('.person-name').waitFor();
  for (const { title } of TASKS) {
    await page.getByLabel('New task', { exact: true }).fill(title);
    await page.getByRole('button', { name: 'Add task' }).click();
    await page.locator('.task', { hasText: title }).waitFor();
  }
  await page.evaluate('scrollTo(0, 0); document.activeElement.blur()');
  return page;
}

async function fill(url: string): Promise<void> {
  for (const name of PEOPLE) {
    const email = `${name.toLowerCase().replace(' ', '.')}@example.com`;
    await send(url, 'POST', '/user/register', { name, email });
  }
  // A job that fails: the file begins like an image, so it is accepted.
  const form = new FormData();
  form.append('file', new Blob([Buffer.from('ffd8ff00', 'hex')], { type: 'image/jpeg' }), 'broken.jpg');
  form.append('effects', 'bw');
  await fetch(`${url}/upload?async=true`, { method: 'POST', body: form });
}

async function fillTasks(url: string): Promise<void> {
  for (const { completed = false, ...task } of TASKS) {
    const { id } = await send<{ id: string }>(url, 'POST', '/api/tasks', task);
    if (completed) await send(url, 'PATCH', `/api/tasks/${id}`, { completed });
  }
  await send(url, 'POST', '/api/add', { task: 'Send the newsletter', priority: 'high' });
  await send(url, 'POST', '/api/add', {
    task: 'Close the books',
    run_at: new Date(Date.now() + 86_400_000).toISOString(),
  });
  await sleep(2_000);
}

/** Each page in its own tab, because leaving a page loses what it shows. */
async function photographAll(context: BrowserContext, url: string): Promise<void> {
  // Its charts show only what happens while it is open.
  const jobs = await open(context, 'jobs');
  await jobs.bringToFront();
  await keepBusy(url);
  await photograph('jobs', jobs);

  await photograph('lab', await openLab(context), { height: TALLER.lab });
  await photograph('images', await openImages(context), { height: TALLER.images });
  await photograph('analyze', await openAnalysis(context));
  await photograph('users', await open(context, 'users'));
  await photograph('system', await open(context, 'system'));
  await fillTasks(url);
  await photograph('tasks', await open(context, 'tasks'));
}

async function open(context: BrowserContext, name: PageName): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`/ui/${name}`);
  await page.locator('main .panel').first().waitFor();
  return page;
}

/** A day's ups and downs, in a minute. */
async function keepBusy(url: string): Promise<void> {
  for (let second = 0; second < 75; second += 1) {
    const jobs = Math.round(4 + 4 * Math.sin(second / 6) + 3 * Math.sin(second / 2.3));
    for (let index = 0; index < jobs; index += 1) {
      const task = QUEUED[index % QUEUED.length];
      await send(url, 'POST', '/api/add', { task, priority: index === 0 ? 'high' : 'medium' });
    }
    if (second % 15 === 0) await send(url, 'POST', '/analyze?async=true', { text: 'Hello, how are you?' });
    await sleep(1_000);
  }
}

/** The lab after a run. */
async function openLab(context: BrowserContext): Promise<Page> {
  const page = await open(context, 'lab');
  await page.getByRole('button', { name: 'Run' }).click();
  await page.locator('.run[data-ended=true]').waitFor({ timeout: 120_000 });
  return page;
}

/** Two finished images. */
async function openImages(context: BrowserContext): Promise<Page> {
  const page = await open(context, 'images');
  const file = async (name: string, hue: number) => ({
    name,
    mimeType: 'image/jpeg',
    buffer: await landscape(hue),
  });
  await page.setInputFiles('input[type=file]', [
    await file('evening.jpg', 215),
    await file('morning.jpg', 190),
  ]);
  await page.locator('.upload[data-phase=done]').nth(1).waitFor();
  await page.waitForLoadState('networkidle');
  return page;
}

async function openAnalysis(context: BrowserContext): Promise<Page> {
  const page = await open(context, 'analyze');
  await page.getByRole('button', { name: 'Use sample text' }).click();
  await page.getByRole('button', { name: 'Analyze' }).click();
  await page.locator('.result').waitFor();
  return page;
}

async function send<T>(url: string, method: string, path: string, body: unknown): Promise<T> {
  const response = await fetch(url + path, {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
