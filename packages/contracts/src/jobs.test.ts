import { asyncQuerySchema, schedulingSchema } from './jobs.js';
import { queueTaskSchema } from './tasks.js';

const DAY_MS = 86_400_000;
const daysAhead = (days: number, ms = 0) => new Date(Date.now() + days * DAY_MS + ms).toISOString();
const parse = (run_at: string) => schedulingSchema.safeParse({ run_at });

describe('run_at', () => {
  it.each([
    ['2026-11-22T08:00:00Z', '2026-11-22T08:00:00.000Z'],
    ['2026-11-22T08:00:00+02:00', '2026-11-22T06:00:00.000Z'],
    ['2026-11-22T08:00:00-14:00', '2026-11-22T22:00:00.000Z'],
    // PostgreSQL accepts offsets up to 15:59 only.
    ['2026-11-22T08:00:00+16:00', '2026-11-21T16:00:00.000Z'],
    ['2026-11-22T08:00:00+23:59', '2026-11-21T08:01:00.000Z'],
    ['2026-11-22T08:00:00.123456789Z', '2026-11-22T08:00:00.123Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['1970-01-01T00:00:00Z', '1970-01-01T00:00:00.000Z'],
    ['1969-12-31T23:00:00-01:00', '1970-01-01T00:00:00.000Z'],
  ])('%s is %s', (given, normalized) => {
    jest.useFakeTimers({ now: Date.parse('2026-11-20T00:00:00Z') });
    expect(parse(given)).toEqual({ success: true, data: { priority: 'medium', run_at: normalized } });
    jest.useRealTimers();
  });

  it.each([
    ['is not a time', 'soon'],
    ['is a date', '2026-11-22'],
    ['has no offset', '2026-11-22T08:00:00'],
    ['has no seconds', '2026-11-22T08:00Z'],
    ['is a leap second', '2026-12-31T23:59:60Z'],
    ['is a day that there is not', '2026-02-29T08:00:00Z'],
    ['has a year of five digits', '+12026-11-22T08:00:00Z'],
    ['has an offset of a day', '2026-11-22T08:00:00+24:00'],
    ['is empty', ''],
  ])('is refused when it %s', (_case, given) => {
    expect(parse(given).error?.issues.map(({ message }) => message)).toEqual([
      'must be a time such as 2026-11-21T08:00:00Z',
    ]);
  });

  it.each([
    ['in the year 0', '0000-01-01T00:00:00Z'],
    ['before 1970', '1969-12-31T23:59:59.999Z'],
    ['before 1970 by its offset', '1970-01-01T00:00:00+00:01'],
    ['in the year 9999', '9999-12-31T23:59:59Z'],
    ['in the year 10000 by its offset', '9999-12-31T23:59:59-14:00'],
    ['a minute more than 30 days ahead', daysAhead(30, 60_000)],
  ])('is refused when it is %s', (_case, given) => {
    expect(parse(given).error?.issues.map(({ message }) => message)).toEqual([
      'must be between 1970 and 30 days from now',
    ]);
  });

  it('may be up to 30 days ahead', () => {
    expect(parse(daysAhead(30)).success).toBe(true);
  });

  it('does not change when one service after another validates it', () => {
    const once = schedulingSchema.parse({ run_at: daysAhead(1) });
    expect(schedulingSchema.parse(once)).toEqual(once);
  });

  it('says how to write a plus sign in a URL, where it would mean a space', () => {
    const query = new URLSearchParams('async=true&run_at=2026-11-22T08:00:00+02:00');
    const { error } = asyncQuerySchema.safeParse(Object.fromEntries(query));
    expect(error?.issues.map(({ message }) => message)).toEqual([
      'must be a time such as 2026-11-21T08:00:00+02:00; in a URL, write + as %2B',
    ]);
  });
});

describe('a task for the queue', () => {
  it('may have a description of 10,000 characters', () => {
    const description = 'x'.repeat(10_000);
    expect(queueTaskSchema.parse({ task: 'a', description })).toMatchObject({ description });
    expect(queueTaskSchema.safeParse({ task: 'a', description: `${description}x` }).success).toBe(false);
    expect(queueTaskSchema.safeParse({ task: 'a', description: '\0' }).success).toBe(false);
  });
});
