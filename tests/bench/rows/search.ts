import { rareCounts, WORDS } from '../fill.js';
import { milliseconds } from '../measure/describe.js';
import { inRounds } from '../measure/rounds.js';
import { hasLength, type Question, worstP95 } from '../measure/worst-latency.js';
import type { Row } from '../row.js';

const GOAL = { atMost: 15, unit: 'ms' } as const;
const PAGE = 50;

export const tasks = (query: string, hits = PAGE): Question => ({
  path: `/api/tasks?limit=${PAGE}&${query}`,
  check: hasLength(Math.min(hits, PAGE)),
});
const jobs = (query: string, hits = PAGE): Question => ({
  path: `/api/jobs?limit=${PAGE}&${query}`,
  check: hasLength(Math.min(hits, PAGE)),
});

/** By figure: its value is the largest p95 among its requests. */
function questionsOf(rows: number, cursor: string): Record<string, Question[]> {
  const { failed, cancelled, images } = rareCounts(rows);
  return {
    'search-none': [tasks(`q=${WORDS.none}`, 0)],
    'search-few': [tasks(`q=${WORDS.few}`, 10)],
    'search-many': [tasks(`q=${WORDS.many}`)],
    'search-status': [
      tasks('status=completed'),
      tasks('status=failed', failed),
      tasks('status=cancelled', cancelled),
      tasks('status=queued', 0),
    ],
    'search-priority': [tasks('priority=high'), tasks('priority=low'), tasks('priority=medium')],
    'search-both': [
      tasks('status=failed&priority=high', failed),
      tasks('status=failed&priority=low', 0),
      tasks(`status=completed&priority=low&q=${WORDS.few}`, 0),
      tasks(`status=completed&q=${WORDS.many}&cursor=${cursor}`),
      tasks(`priority=medium&q=${WORDS.many}`),
    ],
    'search-jobs': [
      jobs('kind=image', images),
      jobs('kind=analyze', 0),
      jobs('status=failed', failed),
      jobs('status=completed&kind=image', images),
      jobs('status=failed&kind=image', 0),
      jobs(`status=completed&cursor=${cursor}`),
    ],
  };
}

const NAMES = Object.keys(questionsOf(0, ''));

export const search: Row = {
  name: 'search',
  title:
    'p95 of ?q= with no, ten and very many hits, and of each filter and their combinations, in the large tables',
  goals: Object.fromEntries(NAMES.map((name) => [name, GOAL])),
  uses: ['large'],
  async run(bench) {
    const stack = await bench.stack('large');
    const response = await fetch(`${stack.url}/api/tasks?q=${WORDS.few}&limit=10`);
    // The sixth of ten that are spread over all tasks: the page begins in the middle.
    const cursor = ((await response.json()) as { id: string }[])[5]!.id;
    const questions = questionsOf(bench.settings.sizes.large, cursor);
    const latencies = await inRounds(
      bench,
      Object.fromEntries(
        Object.entries(questions).map(([name, some]) => [name, () => worstP95(bench, stack, some)]),
      ),
    );
    return Object.entries(latencies).map(([name, values]) => ({
      name,
      values,
      goal: GOAL,
      detail: milliseconds(values),
    }));
  },
};
