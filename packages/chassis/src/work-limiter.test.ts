import { setImmediate as turn } from 'node:timers/promises';
import { Unavailable } from './http-problem.js';
import { retryForever } from './retry.js';
import { createWorkLimiter } from './work-limiter.js';

/** Work that ends when the test says so. */
function job() {
  let end = () => {};
  let begun = false;
  const ended = new Promise<void>((resolve) => (end = resolve));
  return { run: () => ((begun = true), ended), end: () => end(), begun: () => begun };
}

describe('the work limiter', () => {
  it('runs so much at once, lets so much wait in order, and refuses the rest', async () => {
    const limiter = createWorkLimiter({ concurrency: 1, queueLimit: 2 });
    const jobs = [job(), job(), job()];
    const runs = jobs.map(({ run }) => limiter.run(run));
    await expect(limiter.run(() => Promise.resolve())).rejects.toThrow(Unavailable);
    expect([limiter.inFlight(), limiter.waiting()]).toEqual([1, 2]);
    for (const [index, each] of jobs.entries()) {
      expect(jobs.map(({ begun }) => begun())).toEqual(jobs.map((_, number) => number <= index));
      each.end();
      await runs[index];
      await turn();
    }
    expect([limiter.inFlight(), limiter.waiting()]).toEqual([0, 0]);
  });

  it('counts what work weighs, and lets nothing light slip past something heavy', async () => {
    const limiter = createWorkLimiter({ concurrency: 10, queueLimit: 9 });
    const [six, five, one, huge] = [job(), job(), job(), job()];
    const runs = [
      limiter.run(six.run, undefined, 6),
      limiter.run(five.run, undefined, 5),
      limiter.run(one.run, undefined, 1),
      limiter.run(huge.run, undefined, 99),
    ];
    await turn();
    expect([six, five, one, huge].map(({ begun }) => begun())).toEqual([true, false, false, false]);
    six.end();
    await runs[0];
    await turn();
    expect([five, one, huge].map(({ begun }) => begun())).toEqual([true, true, false]);
    expect([limiter.inFlight(), limiter.waiting()]).toEqual([6, 1]);
    five.end();
    one.end();
    huge.end();
    await Promise.all(runs);
    expect([limiter.inFlight(), limiter.waiting()]).toEqual([0, 0]);
  });

  it('gives the place back when the work fails', async () => {
    const limiter = createWorkLimiter({ concurrency: 1, queueLimit: 0 });
    await expect(limiter.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(limiter.run(() => Promise.resolve('yes'))).resolves.toBe('yes');
  });

  it('forgets who leaves while waiting, and only them', async () => {
    const limiter = createWorkLimiter({ concurrency: 1, queueLimit: 2 });
    const [first, left, last] = [job(), job(), job()];
    const leaving = new AbortController();
    const runs = [limiter.run(first.run), limiter.run(left.run, leaving.signal), limiter.run(last.run)];
    leaving.abort();
    await expect(runs[1]).rejects.toThrow(Unavailable);
    expect(limiter.waiting()).toBe(1);
    first.end();
    last.end();
    await Promise.all([runs[0], runs[2]]);
    expect([left.begun(), last.begun(), limiter.inFlight()]).toEqual([false, true, 0]);
  });
});

describe('retryForever', () => {
  it('repeats until it works, with growing pauses of at most the limit', async () => {
    const pauses: number[] = [];
    let tries = 0;
    const work = () => (++tries < 7 ? Promise.reject(new Error('not yet')) : Promise.resolve('done'));
    const result = await retryForever(work, {
      minDelayMs: 4,
      maxDelayMs: 16,
      onRetry: (_error, delayMs) => pauses.push(delayMs),
    });
    expect(result).toBe('done');
    expect(pauses).toHaveLength(6);
    for (const [index, pause] of pauses.entries()) {
      const limit = Math.min(4 * 2 ** index, 16);
      expect(pause).toBeGreaterThanOrEqual(limit / 2);
      expect(pause).toBeLessThanOrEqual(limit);
    }
  });

  it('throws what is not worth another try', async () => {
    const work = () => Promise.reject(new Error('wrong'));
    await expect(retryForever(work, { retryable: () => false })).rejects.toThrow('wrong');
  });

  it('ends when it is told to', async () => {
    const ended = retryForever(() => Promise.reject(new Error('no')), { signal: AbortSignal.timeout(50) });
    await expect(ended).rejects.toMatchObject({ name: 'AbortError' });
  });
});
