// The largest images, many at once, on the composed stack with its real limits: npm run test:compose.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeImages } from '../hostile/images.js';
import { type Composed, composed, engineAnswers } from './docker.js';
import { fallen, reportUsage, usagesOf } from './usage.js';
import { until } from '../support/until.js';

const MINUTE_MS = 60_000;

const hasEngine = engineAnswers();

(hasEngine ? describe : describe.skip)('memory', () => {
  let stack: Composed;
  let images: { hostile: string; honest: string };

  beforeAll(async () => {
    images = await makeImages();
    stack = await composed();
    await stack.compose('down', '--volumes', '--timeout', '5');
    await stack.compose('up', '--build', '--detach', '--wait');
  }, 15 * MINUTE_MS);

  afterAll(async () => {
    await stack.compose('down', '--volumes', '--timeout', '5');
    for (const folder of Object.values(images)) rmSync(folder, { recursive: true });
  }, 2 * MINUTE_MS);

  test.each([
    ['of 20 MiB', 'large-20mib.png'],
    ['of 50 megapixels', 'large-50mp.jpg'],
  ])(
    '64 images %s at once, half of them as jobs, are all processed, or refused with Retry-After',
    async (_case, name) => {
      const image = new Blob([readFileSync(join(images.hostile, name))]);
      const answers = await Promise.all(
        Array.from({ length: 64 }, (_, number) => upload(image, number % 2 === 0 ? '' : '?async=true')),
      );
      const unexpected = answers.filter(
        ({ status, retryAfter }) =>
          ![201, 202].includes(status) && !([429, 503].includes(status) && retryAfter),
      );
      expect(unexpected).toEqual([]);
      for (const { status, statusUrl } of answers) {
        if (status === 202) await until('the job is done', () => isCompleted(statusUrl), 3 * MINUTE_MS);
      }
      const ids = (await stack.compose('ps', '--quiet')).trim().split('\n');
      const usages = await usagesOf(ids);
      reportUsage(`64 images ${name}: ${countBy(answers.map(({ status }) => status))}`, usages);
      expect(fallen(usages)).toEqual([]);
      expect(answers.filter(({ status }) => [201, 202].includes(status)).length).toBeGreaterThan(0);
    },
    8 * MINUTE_MS,
  );

  async function upload(image: Blob, query: string) {
    const form = new FormData();
    form.set('file', image, 'a');
    form.set('effects', 'bw,blur');
    const response = await fetch(`${stack.url}/upload${query}`, { method: 'POST', body: form });
    const body = (await response.json()) as { status_url?: string };
    const retryAfter = response.headers.get('retry-after');
    return { status: response.status, retryAfter, statusUrl: body.status_url ?? '' };
  }

  async function isCompleted(statusUrl: string): Promise<boolean> {
    const job = (await (await fetch(stack.url + statusUrl)).json()) as {
      status: string;
      error: string | null;
    };
    if (job.status === 'failed') throw new Error(`the job failed: ${job.error}`);
    return job.status === 'completed';
  }
});

function countBy(statuses: number[]): string {
  const kinds = [...new Set(statuses)].sort();
  return kinds.map((kind) => `${statuses.filter((status) => status === kind).length} × ${kind}`).join(', ');
}
