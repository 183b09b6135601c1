/** The textbook way, for comparison: a worker that takes one task after the other from a Redis list. */
import { Redis } from 'ioredis';
import { LIST } from './plain-list.js';

const redis = new Redis(process.env['REDIS_URL']!);

async function work(): Promise<never> {
  for (;;) {
    const [, task] = (await redis.brpop(LIST, 0))!;
    process.stdout.write(`Processing task: ${task}\n`);
    process.stdout.write(`Completed task: ${task}\n`);
  }
}

void work();
