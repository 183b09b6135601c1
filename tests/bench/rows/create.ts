import { CLIENTS } from '../contestant.js';
import type { Load } from '../load/load.js';
import { compareRates } from '../measure/compare-rates.js';
import { preparePgbench } from '../peers/pgbench.js';
import type { Row } from '../row.js';

const GOAL = { atLeast: 0.5 };

/** What the row's clients create, and what pgbench inserts. */
const TITLE = 'Count the swans of the northern pond';
const DESCRIPTION = 'Bring the list to the keeper before noon.';

export function createTasks(url: string, clients = CLIENTS): Load {
  const body = JSON.stringify({ title: TITLE, description: DESCRIPTION, priority: 'medium' });
  return { url, method: 'POST', path: '/api/tasks', body, clients, status: 201 };
}

export const create: Row = {
  name: 'create',
  title: 'POST /api/tasks through Nginx, 32 clients, against single-row inserts of pgbench, 10 clients',
  goals: { create: GOAL },
  uses: ['fresh'],
  async run(bench) {
    const pgbench = await preparePgbench(
      bench,
      'create',
      `INSERT INTO tasks (title, description, priority) VALUES ('${TITLE}', '${DESCRIPTION}', 'medium') RETURNING *`,
    );
    const stack = await bench.stack('fresh');
    const figure = await compareRates(bench, {
      name: 'create',
      goal: GOAL,
      stack,
      ours: createTasks(stack.url),
      theirs: () => pgbench.measure(stack),
      peer: 'pgbench',
    });
    return [figure];
  },
};
