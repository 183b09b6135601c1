// What running services expose, with docs/OBSERVABILITY.md beside it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serviceNames } from '#topology';
import { startStack, type Stack } from '../../local/stack/stack.js';
import { eventually } from '../support/eventually.js';
import { type Family, parsePage, someLoad } from './support.js';

let stack: Stack;
beforeAll(async () => {
  // There are metrics of limits only where there are limits.
  const env = { all: { RATE_LIMIT_PER_SECOND: '1000' } };
  stack = await startStack({ port: 'free', observe: true, env });
  await someLoad(stack.url);
}, 90_000);
afterAll(() => stack.stop());

const pageOf = async (service: string): Promise<string> => {
  const { metricsPort } = stack.replicas.find((replica) => replica.service === service)!;
  return (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
};
/** Metrics of Node and of the process come from a library, which documents them. */
const isOurs = ([name]: [string, Family]) => !/^(nodejs|process)_/.test(name);
const familiesOf = async (service: string) =>
  new Map(
    [...parsePage(await pageOf(service))].filter(isOurs).filter(([, { samples }]) => samples.length > 0),
  );

describe('docs/OBSERVABILITY.md', () => {
  const page = readFileSync(join(__dirname, '../../docs/OBSERVABILITY.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z_]+)`\s*\| (\w+)\s*\| ([^|]*?)\s*\| ([^|]*?)\s*\|/gm)].map(
    ([, name, type, labels, services]) => ({
      name: name!,
      type: type!,
      labels: labels === '' ? [] : labels!.split(', ').sort(),
      services: services === 'all' ? serviceNames : services!.split(', '),
    }),
  );

  it.each(serviceNames)('lists every metric of %s, and no other', async (service) => {
    const documented = rows
      .filter(({ services }) => services.includes(service))
      .map(({ name, type, labels }) => ({ name, type, labels }));
    const exposed = async () =>
      [...(await familiesOf(service))].map(([name, { type, samples }]) => ({
        name,
        type,
        labels: Object.keys(samples[0]!.labels)
          .filter((label) => label !== 'le')
          .sort(),
      }));
    const byName = (all: { name: string }[]) =>
      [...all].sort((one, other) => one.name.localeCompare(other.name));
    // A worker counts what it has done a moment after it has reported it.
    await eventually(async () => expect(byName(await exposed())).toEqual(byName(documented)));
  });
});

describe('the port of the metrics', () => {
  it('is separate: neither the service nor Nginx exposes metrics, and it exposes nothing else', async () => {
    for (const { url, metricsPort } of stack.replicas) {
      expect((await fetch(`${url}/metrics`)).status).toBe(404);
      expect((await fetch(`http://127.0.0.1:${metricsPort}/livez`)).status).toBe(404);
    }
    expect((await fetch(`${stack.url}/metrics`)).status).toBe(404);
  });

  it('is closed by default', async () => {
    const plain = await startStack({ port: 'free' });
    try {
      expect(plain.replicas.map(({ metricsPort }) => metricsPort)).toEqual(serviceNames.map(() => undefined));
    } finally {
      await plain.stop();
    }
  }, 60_000);
});

it('counts jobs as they run, and the routes as they are answered', async () => {
  await eventually(async () => {
    const jobs = await familiesOf('task-api');
    const completed = jobs
      .get('jobs_ended_total')!
      .samples.find(({ labels }) => labels['status'] === 'completed')!;
    expect(completed.value).toBeGreaterThanOrEqual(3);
    const kinds = (await familiesOf('queue-worker')).get('job_run_duration_seconds')!;
    expect(new Set(kinds.samples.map(({ labels }) => labels['kind']))).toEqual(
      new Set(['task', 'analyze', 'image']),
    );
  });
});

const hasPromtool = spawnSync('promtool', ['--version'], { stdio: 'ignore' }).status === 0;
if (!hasPromtool) process.stderr.write('promtool is not installed: the metrics are not linted.\n');
(hasPromtool ? it : it.skip).each(serviceNames)(
  'has names and types that promtool finds nothing wrong with: %s',
  async (service) => {
    const input = await pageOf(service);
    const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], { encoding: 'utf8', input });
    expect([status, stderr]).toEqual([0, '']);
  },
);
