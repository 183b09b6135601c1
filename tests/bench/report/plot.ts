import { shortNumber } from '../measure/describe.js';
import type { Series } from '../row.js';

const WIDTH = 460;
const HEIGHT = 240;
const FRAME = { left: 60, right: 24, top: 40, bottom: 48 };

/** Readable on light and dark backgrounds, and without distinguishing colours. */
const INK = '#7d8590';
const LINE = '#2f81f7';

/**
 * The cost by size, as SVG: sizes in even steps, as they differ by powers of ten; the cost starting at zero. Bars reach from the lowest to
 * the highest round.
 */
export function plot({ title, size, cost, points }: Series): string {
  const top = 1.25 * Math.max(...points.map(({ high }) => high));
  const step = (WIDTH - FRAME.left - FRAME.right) / Math.max(1, points.length - 1);
  const x = (index: number) => round(FRAME.left + index * step);
  const y = (value: number) =>
    round(HEIGHT - FRAME.bottom - (value / top) * (HEIGHT - FRAME.top - FRAME.bottom));
  const grid = [0, 0.5, 1].map((share) => {
    const value = (share * top) / 1.25;
    return (
      `<line x1="${FRAME.left}" x2="${WIDTH - FRAME.right}" y1="${y(value)}" y2="${y(value)}" stroke="${INK}" stroke-opacity=".3"/>` +
      text({ x: FRAME.left - 8, y: y(value) + 4, anchor: 'end' }, shortNumber(value))
    );
  });
  const marks = points.map(
    (point, index) =>
      `<line x1="${x(index)}" x2="${x(index)}" y1="${y(point.low)}" y2="${y(point.high)}" stroke="${LINE}" stroke-width="2"/>` +
      `<circle cx="${x(index)}" cy="${y(point.cost)}" r="4" fill="${LINE}"/>` +
      text({ x: x(index), y: HEIGHT - FRAME.bottom + 18, anchor: 'middle' }, point.size.toLocaleString('en')),
  );
  const line = points.map(({ cost: value }, index) => `${x(index)},${y(value)}`).join(' ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12" fill="${INK}">
${text({ x: 12, y: 20, anchor: 'start' }, `${title}: ${cost}`, ' font-weight="600"')}
${grid.join('\n')}
<polyline points="${line}" fill="none" stroke="${LINE}" stroke-width="2"/>
${marks.join('\n')}
${text({ x: WIDTH - FRAME.right, y: HEIGHT - 8, anchor: 'end' }, size)}
</svg>
`;
}

function text(at: { x: number; y: number; anchor: string }, words: string, more = ''): string {
  const safe = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${at.x}" y="${at.y}" text-anchor="${at.anchor}"${more}>${safe}</text>`;
}

function round(value: number): number {
  return Number(value.toFixed(1));
}
