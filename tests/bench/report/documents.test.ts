import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../../local/paths.js';
import { rows } from '../rows/index.js';
import { replaceTable } from './documents.js';
import { plot } from './plot.js';
import { describeFigure } from './text.js';

const table = { order: ['jobs', 'idle-p50', 'list'], rounds: '5 × 3 s' };
const page = `Before.

<!-- begin: written by npm run bench -- --docs -->

| row    | median | lowest to highest round | goal  | met    | rounds    |
| ------ | ------ | ----------------------- | ----- | ------ | --------- |
| \`list\` | 0.1    | 0.1 to 0.1              | ≥ 0.3 | **no** | 3 × 0.6 s |
| \`gone\` | 1      | 1 to 1                  | ≥ 1   | yes    | 3 × 0.6 s |

<!-- end -->

After.
`;

test('the table is updated with what was measured, and keeps the rest', () => {
  const figures = [
    { name: 'idle-p50', values: [3, 5, 4.25], goal: { atMost: 4, unit: 'ms' as const } },
    { name: 'jobs', values: [0.5], goal: { atLeast: 0.45 } },
  ];
  const replaced = replaceTable(page, figures, table);
  expect(replaced.split('\n').filter((line) => line.startsWith('|'))).toEqual([
    '| row        | median  | lowest to highest round | goal   | met    | rounds    |',
    '| ---------- | ------- | ----------------------- | ------ | ------ | --------- |',
    '| `jobs`     | 0.5     | 0.5 to 0.5              | ≥ 0.45 | yes    | 5 × 3 s   |',
    '| `idle-p50` | 4.25 ms | 3 to 5                  | ≤ 4 ms | **no** | 5 × 3 s   |',
    '| `list`     | 0.1     | 0.1 to 0.1              | ≥ 0.3  | **no** | 3 × 0.6 s |',
  ]);
  expect(replaced).toMatch(/^Before\./);
  expect(replaced).toMatch(/After\.\n$/);
  expect(replaceTable(replaced, figures, table)).toBe(replaced);
});

test('a page without a place for the table is refused', () => {
  expect(() => replaceTable('nothing', [], table)).toThrow('no place for the table');
});

test('a plot shows every size and the range of its rounds', () => {
  const svg = plot({
    title: 'GET <list>',
    size: 'tasks',
    cost: 'ms a request',
    points: [
      { size: 1_000, cost: 2, low: 1, high: 3 },
      { size: 1_000_000, cost: 2.5, low: 2, high: 4 },
    ],
  });
  expect(svg.match(/<circle /g)).toHaveLength(2);
  expect(svg).toContain('>1,000,000<');
  expect(svg).toContain('GET &lt;list>: ms a request');
  expect(svg).not.toContain('NaN');
});

test('a figure is described in words, with the resources it took', () => {
  const text = describeFigure({
    name: 'create',
    values: [0.4, 0.6, 0.5],
    goal: { atLeast: 0.5 },
    detail: 'ours 5,000/s, pgbench 10,000/s',
    usage: {
      cpuMs: { 'task-api': 0.2, nginx: 0.05, 'user-api': 0.001 },
      peakBytes: { 'task-api': 132e6, 'user-api': 60e6 },
    },
  });
  expect(text).toMatch(/^create +0\.5 \[0\.4-0\.6\] +goal ≥ 0\.5 +met$/m);
  expect(text).toContain(
    'services 0.201 ms (task-api 0.2); nginx 0.05. Peak RSS: task-api 132 MB, user-api 60 MB',
  );
});

test('docs/PERFORMANCE.md explains every row, and has a plot of everything that grows', () => {
  const docs = join(repositoryRoot, 'docs');
  const text = readFileSync(join(docs, 'PERFORMANCE.md'), 'utf8');
  for (const { name, goals } of rows) {
    expect(text).toContain(`**${name}**`);
    for (const figure of Object.keys(goals)) expect(text).toContain(`| \`${figure}\` `);
    if (!name.startsWith('growth-')) continue;
    expect(text).toContain(`](images/performance-${name}.svg)`);
    expect(existsSync(join(docs, 'images', `performance-${name}.svg`))).toBe(true);
  }
});

test('docs/PERFORMANCE.md says what limits each row that misses its goal', () => {
  const text = readFileSync(join(repositoryRoot, 'docs', 'PERFORMANCE.md'), 'utf8');
  const [, limits = ''] = /^## What limits the rows that miss$(.*?)^## /ms.exec(text) ?? [];
  const missed = [...text.matchAll(/^\| `(\S+)` .*\*\*no\*\*/gm)].map(([, name]) => name);
  for (const name of missed) expect(limits).toContain(`**${name}**`);
});
