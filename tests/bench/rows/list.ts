import { CLIENTS } from '../contestant.js';
import type { Load } from '../load/load.js';
import { compareRates } from '../measure/compare-rates.js';
import { preparePgbench } from '../peers/pgbench.js';
import type { Row } from '../row.js';

const GOAL = { atLeast: 0.3 };
const PAGE = 50;

export function listTasks(url: string): Load {
  return { url, method: 'GET', path: `/api/tasks?limit=${PAGE}`, clients: CLIENTS, status: 200 };
}

/** @throws when the response is not a full page */
export function checkPage(body: string): void {
  const { length } = JSON.parse(body) as unknown[];
  if (length !== PAGE) throw new Error(`The page has ${length} tasks and not ${PAGE}.`);
}

export const list: Row = {
  name: 'list',
  title: `GET /api/tasks?limit=${PAGE} through Nginx, 32 clients, against pgbench selecting the same rows, 10 clients`,
  goals: { list: GOAL },
  uses: ['large'],
  async run(bench) {
    const pgbench = await preparePgbench(
      bench,
      'list',
      `SELECT id, title, description, priority, status, processed_by_pod, created_at, updated_at, completed_at
         FROM tasks ORDER BY id DESC LIMIT ${PAGE}`,
    );
    const stack = await bench.stack('large');
    const figure = await compareRates(bench, {
      name: 'list',
      goal: GOAL,
      stack,
      ours: listTasks(stack.url),
      theirs: () => pgbench.measure(stack),
      peer: 'pgbench',
      check: checkPage,
    });
    return [figure];
  },
};
