// Checks the alerts of observe/ with Prometheus's own tools, where they are installed.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { rulesFile } from '../../observe/rules/rules.js';

// promtool takes some seconds of one CPU, with all rules.
jest.setTimeout(120_000);

const root = join(__dirname, '../..');
const folder = join(root, 'observe/prometheus');

interface Rule {
  alert?: string;
  expr: string;
  labels: Record<string, string>;
  annotations?: { summary: string; runbook_url: string };
}
const { groups } = parse(readFileSync(join(folder, 'rules.yaml'), 'utf8')) as { groups: { rules: Rule[] }[] };
const alerts = groups.flatMap(({ rules }) => rules).filter(({ alert }) => alert !== undefined);

/** For tests that need a program. */
function withProgram(name: string, say: string): jest.It {
  const isThere = spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0;
  if (!isThere) process.stderr.write(`${name} is not installed: ${say}\n`);
  return isThere ? test : test.skip;
}
const testWithPromtool = withProgram(
  'promtool',
  'the alerts are not tested (Debian: apt-get install prometheus).',
);
const testWithAmtool = withProgram(
  'amtool',
  "Alertmanager's configuration is not checked (Debian: apt-get install prometheus-alertmanager).",
);

const promtool = (...args: string[]) => execFileSync('promtool', args, { encoding: 'utf8', stdio: 'pipe' });

describe('the rules', () => {
  testWithPromtool('have no mistake that promtool finds', () => {
    expect(promtool('check', 'rules', '--lint=all', '--lint-fatal', join(folder, 'rules.yaml'))).toMatch(
      /SUCCESS: [1-9]\d* rules/,
    );
  });

  testWithPromtool('fire when they should, and only then', () => {
    expect(promtool('test', 'rules', join(folder, 'rules.test.yaml'))).toContain('SUCCESS');
  });

  // Otherwise, the tests would pass whatever the rules say.
  testWithPromtool.each([
    ['a threshold', 'max(jobs_oldest_due_age_seconds) > 300', 'max(jobs_oldest_due_age_seconds) > 3000'],
    ['a burn rate', /> 0\.0144\b/g, '> 0.144'],
    ['what counts as an error', /http_response_status_code=~"5\.\."/g, 'http_response_status_code=~"[45].."'],
  ])('do not pass their tests with a mistake in %s', (_what, right, wrong) => {
    const copy = mkdtempSync(join(tmpdir(), 'millrace-rules-'));
    try {
      cpSync(folder, copy, { recursive: true });
      const text = readFileSync(join(copy, 'rules.yaml'), 'utf8');
      const mistaken = text.replace(right, wrong);
      expect(mistaken).not.toBe(text);
      writeFileSync(join(copy, 'rules.yaml'), mistaken);
      expect(() => promtool('test', 'rules', join(copy, 'rules.test.yaml'))).toThrow(/FAILED/);
    } finally {
      rmSync(copy, { recursive: true });
    }
  });

  test.each([...new Set(alerts.map(({ alert }) => alert!))])('have a test that sees %s fire', (alert) => {
    expect(readFileSync(join(folder, 'rules.test.yaml'), 'utf8')).toContain(alert);
  });

  test('keep their shape in a test that shortens their times', () => {
    const short = parse(rulesFile(1 / 60)) as typeof parse;
    expect(JSON.stringify(short)).toContain('"for":"5s"');
    expect(JSON.stringify(short)).not.toMatch(/\[\d+[mh]\]/);
  });
});

describe('an alert', () => {
  const anchors = new Set(
    [...readFileSync(join(root, 'docs/OPERATIONS.md'), 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  );

  test.each(alerts.map(({ alert, annotations }) => [alert!, annotations!.runbook_url]))(
    '%s says what to do: %s',
    (_alert, url) => {
      const [page, anchor] = url.split('#');
      expect([page, anchors.has(anchor!)]).toEqual(['docs/OPERATIONS.md', true]);
    },
  );

  test.each(alerts.map(({ alert, labels }) => [alert!, labels['severity']]))(
    '%s is urgent, or not',
    (_alert, severity) => {
      expect(severity).toMatch(/^(page|ticket)$/);
    },
  );
});

testWithPromtool("Prometheus's configuration is valid", () => {
  const copy = mkdtempSync(join(tmpdir(), 'millrace-prometheus-'));
  try {
    const text = readFileSync(join(folder, 'prometheus.yaml'), 'utf8');
    const file = join(copy, 'prometheus.yaml');
    writeFileSync(file, text.replace('/etc/prometheus/rules.yaml', join(folder, 'rules.yaml')));
    expect(promtool('check', 'config', '--lint=all', file)).toContain('SUCCESS');
  } finally {
    rmSync(copy, { recursive: true });
  }
});

testWithAmtool("Alertmanager's configuration is valid", () => {
  const found = execFileSync(
    'amtool',
    ['check-config', join(root, 'observe/alertmanager/alertmanager.yaml')],
    { encoding: 'utf8' },
  );
  expect(found).toContain('SUCCESS');
});
