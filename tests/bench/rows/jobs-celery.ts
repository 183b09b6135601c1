import { startCelery } from '../peers/python-queues.js';
import type { Row } from '../row.js';
import { compareQueues } from './jobs.js';

const GOAL = { atLeast: 1.5 };

export const jobsCelery: Row = {
  name: 'jobs-celery',
  title:
    'the same against Celery with Redis: Flask under gunicorn with 2 workers, one Celery worker of 2 processes',
  goals: { 'jobs-celery': GOAL },
  uses: ['fresh'],
  run: (bench) =>
    compareQueues(bench, 'Celery', startCelery, (values) => ({ name: 'jobs-celery', values, goal: GOAL })),
};
