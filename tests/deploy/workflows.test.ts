import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { serviceNames } from '#topology';

const root = join(__dirname, '../..');
const text = (path: string) => readFileSync(join(root, path), 'utf8');

interface Step {
  uses?: string;
  run?: string;
}
interface Job {
  uses?: string;
  needs?: string | string[];
  steps?: Step[];
  'runs-on'?: string;
  'timeout-minutes'?: number;
  permissions?: Record<string, string>;
  strategy?: { matrix: { service: string[] } };
}
interface Workflow {
  name: string;
  on: Record<string, unknown>;
  permissions: Record<string, string>;
  concurrency: { group: string };
  jobs: Record<string, Job>;
}

const folder = '.github/workflows';
const files = readdirSync(join(root, folder));
const workflows = files.map((file): [string, Workflow] => [
  file,
  parse(text(`${folder}/${file}`)) as Workflow,
]);
const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> };

/** Only the jobs that publish may write these. */
const PUBLISHING = ['packages', 'id-token', 'attestations'];

describe.each(workflows)('%s', (_, workflow) => {
  const jobs = Object.values(workflow.jobs);
  const steps = jobs.flatMap((job) => job.steps ?? []);

  it('can only read, unless a job declares what it writes, and does not run twice for the same ref', () => {
    expect(workflow.permissions).toEqual({ contents: 'read' });
    expect(workflow.concurrency.group).toContain('github.ref');
    for (const { permissions = {} } of jobs) {
      expect(
        Object.entries(permissions).filter(
          ([name, access]) => access === 'write' && !PUBLISHING.includes(name),
        ),
      ).toEqual([]);
    }
  });

  it('pins actions by commit', () => {
    for (const uses of [...jobs, ...steps].flatMap(({ uses }) => uses ?? [])) {
      expect(uses).toMatch(/^\.\/|@[0-9a-f]{40}$/);
    }
  });

  it('times out jobs, and depends only on existing jobs', () => {
    for (const job of jobs) {
      if (job.uses === undefined) expect(job['timeout-minutes']).toBeLessThanOrEqual(60);
      else expect(existsSync(join(root, job.uses))).toBe(true);
      for (const needed of [job.needs ?? []].flat()) expect(Object.keys(workflow.jobs)).toContain(needed);
    }
  });

  it('runs only what exists', () => {
    for (const run of steps.flatMap(({ run }) => run ?? [])) {
      for (const [, script = ''] of run.matchAll(/npm run ([\w:-]+)/g))
        expect(Object.keys(scripts)).toContain(script);
      for (const [, path = ''] of run.matchAll(/(?:^|\s)((?:\.\/|scripts\/|kind\/)[\w./-]+)/g)) {
        expect([path, existsSync(join(root, path))]).toEqual([path, true]);
      }
      expect(run).toMatch(
        /^(npm (ci|run|test|audit)|npx jest|\.\/deploy\.sh|scripts\/|docker (compose|cp)|cosign|kubectl|sudo env)/,
      );
    }
  });
});

it('a release signs the image of every service', () => {
  const release = workflows.find(([file]) => file === 'release.yaml')![1];
  expect(release.jobs.sign?.strategy?.matrix.service).toEqual(serviceNames);
});
