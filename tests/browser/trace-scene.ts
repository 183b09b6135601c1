import type { Job } from '@millrace/contracts';
import type { BrowserContext, Page } from 'playwright-core';
import { until } from '../support/until.js';
import { landscape } from './landscape.js';

/** Settings of a stack (with `observe`) for `openTrace`: work takes long enough to be interrupted, and a lost attempt is soon noticed. */
export const TRACED = {
  'blur-worker': { BLUR_DELAY_MS: '1500' },
  'task-api': { JOB_LEASE_MS: '1500', JOB_BACKOFF_MS: '100', SWEEP_INTERVAL_MS: '250' },
};

interface Killable {
  url: string;
  /** Kills a replica, which is then restarted. */
  kill: (pod: string) => unknown;
}

/** The dialog of an upload job whose worker was killed once, with its trace. @param context whose baseURL is that of the stack */
export async function openTrace(context: BrowserContext, { url, kill }: Killable): Promise<Page> {
  const body = new FormData();
  body.set('effects', 'bw,blur');
  body.set('file', new Blob([new Uint8Array(await landscape(215))], { type: 'image/jpeg' }), 'evening.jpg');
  const accepted = await fetch(`${url}/upload?async=true`, { method: 'POST', body });
  const { status_url } = (await accepted.json()) as { status_url: string };
  const job = async () => (await (await fetch(url + status_url)).json()) as Job;

  const { processed_by_pod: worker } = await until('the first effect is done', async () => {
    const current = await job();
    return current.progress.done > 0 && current;
  });
  await kill(worker!);
  const { id } = await until(
    'the job is completed',
    async () => {
      const current = await job();
      return current.status === 'completed' && current;
    },
    60_000,
  );
  const page = await context.newPage();
  await page.goto(`/ui/jobs?job=${id}`);
  await page.locator('.waterfall tr.is-attempt.is-completed').waitFor();
  await page.locator('.job-image img').waitFor();
  return page;
}
