import { randomBytes } from 'node:crypto';
import { startStack } from '../../../local/stack/stack.js';
import { AUDIENCE, startIssuer } from '../../support/issuer.js';
import { CLIENTS } from '../contestant.js';
import type { Load } from '../load/load.js';
import { compareRates } from '../measure/compare-rates.js';
import type { Row } from '../row.js';
import { SPACIOUS } from '../stacks.js';
import { createTasks } from './create.js';

const GOAL = { atLeast: 0.9 };
const GOALS = { 'auth-create': GOAL, 'auth-get': GOAL };

export const auth: Row = {
  name: 'auth',
  title:
    'POST /api/tasks and GET /api/tasks/:id through Nginx with an access token, against the same with AUTH_MODE=off',
  goals: GOALS,
  uses: ['fresh'],
  async run(bench) {
    const { signal } = bench;
    const open = await bench.stack('fresh');
    const issuer = await startIssuer();
    const settings = {
      AUTH_MODE: 'jwt',
      AUTH_ISSUER: issuer.url,
      AUTH_AUDIENCE: AUDIENCE,
      SERVICE_TOKEN: randomBytes(32).toString('hex'),
    };
    try {
      const stack = await startStack({ port: 'free', env: { ...SPACIOUS, all: settings }, signal });
      try {
        const token = await issuer.token({ scope: 'tasks:read tasks:write' });
        const compare = (name: keyof typeof GOALS, ours: Load, theirs: Load) =>
          compareRates(bench, { name, goal: GOAL, stack, ours, theirs, peer: 'without' });
        return [
          await compare('auth-create', { ...createTasks(stack.url), token }, createTasks(open.url)),
          await compare('auth-get', await getTask(stack.url, token), await getTask(open.url)),
        ];
      } finally {
        await stack.stop();
      }
    } finally {
      await issuer.stop();
    }
  },
};

/** Creates a task to read. */
async function getTask(url: string, token?: string): Promise<Load> {
  const headers = {
    'Content-Type': 'application/json',
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
  };
  const body = JSON.stringify({ title: 'Count the swans' });
  const { id } = (await (await fetch(`${url}/api/tasks`, { method: 'POST', headers, body })).json()) as {
    id: string;
  };
  return {
    url,
    method: 'GET',
    path: `/api/tasks/${id}`,
    clients: CLIENTS,
    status: 200,
    ...(token !== undefined && { token }),
  };
}
