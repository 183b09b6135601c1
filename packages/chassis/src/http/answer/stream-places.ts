import { HttpProblem, Unavailable } from '../problem.js';

/** Takes a place for a client. @returns a function that gives it back. @throws HttpProblem 429, or Unavailable, when none is free */
export type TakePlace = (client: string) => () => void;

export interface PlaceLimits {
  /** How many streams may be open at once. Default: no limit. */
  limit?: number;
  /** How many of them may be one client's. Default: no limit. */
  limitPerClient?: number;
}

const RETRY_AFTER_SECONDS = 5;

/** Bounds how many streams are open at once, in all and for each client. */
export function createPlaces({ limit = Infinity, limitPerClient = Infinity }: PlaceLimits): TakePlace {
  const takenBy = new Map<string, number>();
  let taken = 0;

  const count = (client: string, change: 1 | -1) => {
    taken += change;
    const own = (takenBy.get(client) ?? 0) + change;
    if (own > 0) takenBy.set(client, own);
    else takenBy.delete(client);
  };

  return (client) => {
    if ((takenBy.get(client) ?? 0) >= limitPerClient) {
      throw new HttpProblem(
        429,
        `Your address has ${limitPerClient} event streams open, which is the limit. Close one, or try again later.`,
        { headers: { 'Retry-After': String(RETRY_AFTER_SECONDS) } },
      );
    }
    if (taken >= limit) {
      throw new Unavailable('This replica has no room for more event streams. Try again later.', {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    }
    count(client, 1);
    return () => count(client, -1);
  };
}
