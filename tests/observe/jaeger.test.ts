// Jaeger in the composed stack, and the web UI that reads its traces: part of npm run test:observe.
import type { Browser } from 'playwright-core';
import { freePort } from '../../local/servers/ports.js';
import { findChromium } from '../browser/chromium.js';
import { launchChromium } from '../browser/session.js';
import { openTrace } from '../browser/trace-scene.js';
import { type Composed, composed, engineAnswers } from '../compose/docker.js';
import { eventually } from '../support/eventually.js';

const MINUTE_MS = 60_000;

/** A trace as Jaeger's own page gets it. */
interface JaegerTrace {
  spans: { operationName: string; tags: { key: string; value: unknown }[] }[];
  processes: Record<string, { serviceName: string }>;
}

const isPossible = engineAnswers() && findChromium() !== undefined && process.getuid?.() === 0;
if (!isPossible)
  process.stderr.write('Jaeger behind the web UI needs a container engine, a Chromium, and root: skipped.\n');

(isPossible ? describe : describe.skip)('the trace of an upload job whose worker was killed once', () => {
  let stack: Composed;
  let browser: Browser;
  let jaeger: string;

  beforeAll(async () => {
    const port = await freePort();
    jaeger = `http://localhost:${port}`;
    Object.assign(process.env, {
      JAEGER_PORT: String(port),
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://jaeger:4318',
      TRACES_URL: 'http://jaeger:16686',
      TRACES_UI_URL: jaeger,
      // Long enough to be interrupted.
      BLUR_DELAY_MS: '5000',
    });
    [stack, browser] = await Promise.all([composed('millrace-jaeger'), launchChromium()]);
    await stack.compose('--profile', 'observe', 'down', '--volumes');
    await stack.compose('up', '--build', '--detach', '--wait');
    await stack.compose('--profile', 'observe', 'up', '--detach', '--wait', 'jaeger');
  }, 15 * MINUTE_MS);

  afterAll(async () => {
    await browser.close();
    await stack.compose('--profile', 'observe', 'down', '--volumes');
  }, 2 * MINUTE_MS);

  test(
    'is in the web UI as it is in Jaeger, with a link to there',
    async () => {
      const context = await browser.newContext({ baseURL: stack.url });
      context.setDefaultTimeout(MINUTE_MS);
      const page = await openTrace(context, {
        url: stack.url,
        async kill(pod) {
          const worker = (await stack.replicas('queue-worker')).find((each) => each.pod === pod);
          process.kill(worker!.pid, 'SIGKILL');
        },
      });
      const href = await page.getByRole('link', { name: 'Open it in Jaeger' }).getAttribute('href');
      expect(href).toMatch(new RegExp(`^${jaeger}/trace/[0-9a-f]{32}$`));
      expect((await fetch(href!)).status).toBe(200);

      const traceId = href!.split('/').at(-1);
      await eventually(async () => {
        const response = await fetch(`${jaeger}/api/traces/${traceId}`);
        const [trace] = ((await response.json()) as { data: JaegerTrace[] }).data;
        const { spans, processes } = trace!;
        expect(new Set(Object.values(processes).map(({ serviceName }) => serviceName))).toEqual(
          new Set(['web-gateway', 'task-api', 'queue-worker', 'bw-worker', 'blur-worker']),
        );
        const outcomes = spans.flatMap(({ tags }) =>
          tags.filter(({ key }) => key === 'millrace.job.outcome'),
        );
        expect(outcomes.map(({ value }) => value).sort()).toEqual(['completed', 'lost']);
        expect(await page.locator('.waterfall tbody tr').count()).toBe(spans.length);
      }, MINUTE_MS);
      await context.close();
    },
    3 * MINUTE_MS,
  );
});
