import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shortNumber } from '../measure/describe.js';
import type { Figure } from '../row.js';
import { describeGoal, judge } from '../verdict.js';
import { plot } from './plot.js';

const BEGIN = '<!-- begin: written by npm run bench -- --docs -->';
const END = '<!-- end -->';
const HEADER = ['row', 'median', 'lowest to highest round', 'goal', 'met', 'rounds'];

export interface Page {
  /** Of the figures. */
  order: readonly string[];
  /** How they were measured, for the table: `5 × 3 s`. */
  rounds: string;
}

/** Writes the results to docs/PERFORMANCE.md, and the plots beside it. What was not measured does not change. */
export function writeDocuments(docs: string, figures: readonly Figure[], page: Page): void {
  const file = join(docs, 'PERFORMANCE.md');
  writeFileSync(file, replaceTable(readFileSync(file, 'utf8'), figures, page));
  mkdirSync(join(docs, 'images'), { recursive: true });
  for (const { name, series } of figures)
    if (series) writeFileSync(join(docs, 'images', `performance-${name}.svg`), plot(series));
}

/** @throws when the page lacks the marks around the table */
export function replaceTable(page: string, figures: readonly Figure[], { order, rounds }: Page): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`The page has no place for the table: ${BEGIN} … ${END}`);
  const lines = new Map<string, string[]>();
  for (const line of page.slice(begin, end).split('\n')) {
    const cells = line.split('|').slice(1, -1);
    const [, name] = /^`(\S+)`$/.exec(cells[0]?.trim() ?? '') ?? [];
    if (name && order.includes(name))
      lines.set(
        name,
        cells.map((cell) => cell.trim()),
      );
  }
  for (const figure of figures) lines.set(figure.name, [...cellsOf(figure), rounds]);
  const sorted = [...lines].sort(([one], [other]) => order.indexOf(one) - order.indexOf(other));
  const table = alignTable([HEADER, ...sorted.map(([, cells]) => cells)]);
  return `${page.slice(0, begin)}${BEGIN}\n\n${table}\n\n${page.slice(end)}`;
}

function cellsOf(figure: Figure): string[] {
  const { ratio, low, high, met } = judge(figure);
  const [middle, from, to] = [ratio, low, high].map((value) => shortNumber(value ?? NaN));
  const unit = figure.goal.unit ? ` ${figure.goal.unit}` : '';
  return [
    `\`${figure.name}\``,
    `${middle}${unit}`,
    `${from} to ${to}`,
    describeGoal(figure.goal),
    met ? 'yes' : '**no**',
  ];
}

/** As Prettier formats tables. */
function alignTable([header = [], ...rows]: string[][]): string {
  const widths = header.map((_, column) =>
    Math.max(3, ...[header, ...rows].map((cells) => cells[column]?.length ?? 0)),
  );
  const line = (cells: string[]) =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
