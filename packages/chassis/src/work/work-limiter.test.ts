import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { createFairLine } from './fair-line.js';
import { ClientLeft, TooManyRequests, Unavailable } from '../http/problem.js';
import { withContext } from '../process/context/request-context.js';
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
  it('limits what runs at once and what waits, in order, and refuses the rest', async () => {
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

  it('counts weights, and does not let light work overtake heavy work', async () => {
    const limiter = createWorkLimiter({ concurrency: 10, queueLimit: 9 });
    const [six, five, one, huge] = [job(), job(), job(), job()];
    const runs = [
      limiter.run(six.run, { weight: 6 }),
      limiter.run(five.run, { weight: 5 }),
      limiter.run(one.run, { weight: 1 }),
      limiter.run(huge.run, { weight: 99 }),
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

  it('frees the place when the work fails', async () => {
    const limiter = createWorkLimiter({ concurrency: 1, queueLimit: 0 });
    await expect(limiter.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(limiter.run(() => Promise.resolve('yes'))).resolves.toBe('yes');
  });

  it('removes waiting requests that are cancelled, and only those', async () => {
    const limiter = createWorkLimiter({ concurrency: 1, queueLimit: 2 });
    const [first, left, last] = [job(), job(), job()];
    const leaving = new AbortController();
    const runs = [
      limiter.run(first.run),
      limiter.run(left.run, { signal: leaving.signal }),
      limiter.run(last.run),
    ];
    leaving.abort();
    await expect(runs[1]).rejects.toThrow(Unavailable);
    expect(limiter.waiting()).toBe(1);
    first.end();
    last.end();
    await Promise.all([runs[0], runs[2]]);
    expect([left.begun(), last.begun(), limiter.inFlight()]).toEqual([false, true, 0]);
  });
});

describe('clients of a work limiter', () => {
  const as = <T>(client: string, work: () => T) => withContext({ requestId: 'r', client }, work);

  /** A clock of the test's own: on a busy machine, a cheap piece can take as long as a costly one. */
  let clock = 0;
  beforeEach(() => void jest.spyOn(performance, 'now').mockImplementation(() => clock));
  afterEach(() => jest.restoreAllMocks());
  const take = async (ms: number) => {
    clock += ms;
    await turn();
  };

  /** Runs the clients' work, one piece at a time, in the order in which it arrived. @returns whose turn each one was */
  async function turns(pieces: string[], limiter = createWorkLimiter({ concurrency: 1, queueLimit: 1_000 })) {
    const order: string[] = [];
    const holder = job();
    const first = limiter.run(holder.run);
    const rest = pieces.map((client) =>
      as(client, () =>
        limiter.run(async () => {
          order.push(client);
          await take(2);
        }),
      ),
    );
    holder.end();
    await Promise.all([first, ...rest]);
    return order;
  }

  it('take turns, however many requests one of them has sent before', async () => {
    const order = await turns([...Array<string>(50).fill('greedy'), 'modest', 'other', 'modest']);
    expect(order.lastIndexOf('modest')).toBeLessThanOrEqual(8);
  });

  it('get the same time, whatever a turn costs', async () => {
    const limiter = createWorkLimiter({ concurrency: 1, queueLimit: 1_000 });
    await as('costly', () => limiter.run(() => take(300)));
    const order = await turns(
      [...Array<string>(5).fill('costly'), ...Array<string>(20).fill('cheap')],
      limiter,
    );
    expect(order.slice(0, 20)).toEqual(Array<string>(20).fill('cheap'));
  });

  it('have a share each, and the rest is left to others', async () => {
    const limiter = createWorkLimiter({ concurrency: 10, queueLimit: 9, clientShare: 0.5 });
    const [a, b, c] = [job(), job(), job()];
    const runs = [
      as('greedy', () => limiter.run(a.run, { weight: 4 })),
      as('greedy', () => limiter.run(b.run, { weight: 4 })),
      as('modest', () => limiter.run(c.run, { weight: 4 })),
    ];
    await turn();
    expect([a, b, c].map(({ begun }) => begun())).toEqual([true, false, true]);
    a.end();
    await runs[0];
    await turn();
    expect(b.begun()).toBe(true);
    b.end();
    c.end();
    await Promise.all(runs);
    // A single piece larger than a share runs alone.
    const large = as('greedy', () => limiter.run(() => Promise.resolve('done'), { weight: 9 }));
    await expect(large).resolves.toBe('done');
  });

  it('lose their last place in a full queue to a client with fewer', async () => {
    const limiter = createWorkLimiter({ concurrency: 1, queueLimit: 3 });
    const holder = job();
    const first = limiter.run(holder.run);
    const greedy = [1, 2, 3].map((piece) => as('greedy', () => limiter.run(() => Promise.resolve(piece))));
    await expect(as('greedy', () => limiter.run(() => Promise.resolve()))).rejects.toThrow(Unavailable);
    const modest = as('modest', () => limiter.run(() => Promise.resolve('modest')));
    await expect(greedy[2]).rejects.toThrow(TooManyRequests);
    // A client that would have as many as the others is refused.
    await expect(as('modest', () => limiter.run(() => Promise.resolve()))).rejects.toThrow(Unavailable);
    holder.end();
    expect(await Promise.all([modest, greedy[0], greedy[1]])).toEqual(['modest', 1, 2]);
    await first;
    expect([limiter.inFlight(), limiter.waiting()]).toEqual([0, 0]);
  });

  it('are forgotten when there are many and they have no active requests', () => {
    const line = createFairLine({ capacity: 1, share: 1, backgroundShare: 1, backgroundTime: Infinity });
    for (let number = 0; number < 50_000; number++) {
      const claim = { client: `client ${number}`, weight: 1 };
      expect(line.take(claim)).toBe(true);
      line.giveBack(claim, 1);
    }
    expect(line.clients()).toBe(1_000);
  });
});

describe('background work', () => {
  const limiterOf = (concurrency: number) =>
    createWorkLimiter({ concurrency, queueLimit: 9, backgroundShare: 1 / 2 });

  it('leaves capacity for other work, no matter who has used least', async () => {
    const limiter = limiterOf(2);
    const [long, longer, quick] = [job(), job(), job()];
    const runs = [
      limiter.run(long.run, { background: true }),
      limiter.run(longer.run, { background: true }),
      limiter.run(quick.run),
    ];
    await turn();
    expect([long, longer, quick].map(({ begun }) => begun())).toEqual([true, false, true]);
    quick.end();
    await runs[2];
    await turn();
    expect(longer.begun()).toBe(false);
    long.end();
    await runs[0];
    await turn();
    expect(longer.begun()).toBe(true);
    longer.end();
    await runs[1];
    expect([limiter.inFlight(), limiter.waiting()]).toEqual([0, 0]);
  });

  it('is not overtaken forever by other work', async () => {
    const limiter = limiterOf(1);
    const order: string[] = [];
    const piece = (name: string, background: boolean) =>
      withContext({ requestId: 'r', client: name }, () =>
        limiter.run(
          async () => {
            order.push(name);
            await sleep(5);
          },
          { background },
        ),
      );
    await Promise.all([...Array.from({ length: 5 }, () => piece('busy', false)), piece('patient', true)]);
    expect(order.indexOf('patient')).toBe(1);
  });

  it('keeps to its share of the time while other clients work, and has all of it otherwise', async () => {
    const limiter = createWorkLimiter({
      concurrency: 4,
      queueLimit: 99,
      backgroundShare: 1 / 4,
      backgroundTime: 0.01,
    });
    /** Runs large pieces one after the other until they are so many, or the time is over. @returns how many */
    const large = async (pieces: number, end = new AbortController().signal) => {
      let ended = 0;
      while (ended < pieces && !end.aborted) {
        await withContext({ requestId: 'r', client: 'heavy', signal: () => end }, () =>
          limiter.run(() => sleep(50), { background: true }),
        )
          .then(() => (ended += 1))
          .catch(() => undefined);
      }
      return ended;
    };
    const quick = () => withContext({ requestId: 'r', client: 'modest' }, () => limiter.run(() => sleep(1)));

    expect(await large(30)).toBe(30);
    await quick();
    expect(await large(30, AbortSignal.timeout(1_000))).toBeLessThan(3);
    // Its own other work is no reason to give way.
    await withContext({ requestId: 'r', client: 'heavy' }, () => limiter.run(() => sleep(1)));
  });

  it('works with a single place', async () => {
    await expect(limiterOf(1).run(() => Promise.resolve('done'), { background: true })).resolves.toBe('done');
  });
});

describe('the end of a request', () => {
  it('removes it from the queue, with its reason', async () => {
    const limiter = createWorkLimiter({ concurrency: 1, queueLimit: 1 });
    const holder = job();
    const first = limiter.run(holder.run);
    const end = new AbortController();
    const waiting = withContext({ requestId: 'r', signal: () => end.signal }, () => limiter.run(job().run));
    end.abort(new ClientLeft());
    await expect(waiting).rejects.toThrow(ClientLeft);
    expect(limiter.waiting()).toBe(0);
    holder.end();
    await first;
  });

  it('frees its place only when its work has stopped', async () => {
    const limiter = createWorkLimiter({ concurrency: 1, queueLimit: 0 });
    const end = new AbortController();
    const work = job();
    const run = withContext({ requestId: 'r', signal: () => end.signal }, () => limiter.run(work.run));
    end.abort(new ClientLeft());
    expect(limiter.inFlight()).toBe(1);
    work.end();
    await run;
    expect(limiter.inFlight()).toBe(0);
  });

  it('comes after its waiting limit', async () => {
    const limiter = createWorkLimiter({ concurrency: 1, queueLimit: 1 });
    const holder = job();
    const first = limiter.run(holder.run);
    await expect(limiter.run(job().run, { waitMs: 20 })).rejects.toThrow(Unavailable);
    expect(limiter.waiting()).toBe(0);
    holder.end();
    await first;
  });

  it('comes for all waiting requests when the replica drains; running ones continue', async () => {
    const drain = new AbortController();
    const limiter = createWorkLimiter({ concurrency: 1, queueLimit: 5, draining: drain.signal });
    const [begun, next] = [job(), job()];
    const run = limiter.run(begun.run);
    const refused = [limiter.run(job().run), limiter.run(job().run)].map((each) =>
      expect(each).rejects.toThrow(Unavailable),
    );
    drain.abort();
    await Promise.all(refused);
    await expect(limiter.run(job().run)).rejects.toThrow(Unavailable);
    begun.end();
    await run;
    // There is room, so there is no need to wait and no reason to refuse.
    const served = limiter.run(next.run);
    next.end();
    await expect(served).resolves.toBeUndefined();
  });
});

describe('retryForever', () => {
  it('retries until it works, with growing pauses up to the limit', async () => {
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

  it('throws errors that are not worth retrying', async () => {
    const work = () => Promise.reject(new Error('wrong'));
    await expect(retryForever(work, { retryable: () => false })).rejects.toThrow('wrong');
  });

  it('stops when it is cancelled', async () => {
    const ended = retryForever(() => Promise.reject(new Error('no')), { signal: AbortSignal.timeout(50) });
    await expect(ended).rejects.toMatchObject({ name: 'AbortError' });
  });
});
