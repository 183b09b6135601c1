import type { Pool, PoolClient } from 'pg';

/** Takes connections out of a pool. */
export interface Checkout {
  /** @throws when none is free, nor can be opened, within the pool's `connectionTimeoutMillis` */
  take(): Promise<PoolClient>;
  /** @param broken why nobody can use it any more */
  giveBack(client: PoolClient, broken?: Error): void;
  /** How many wait for one. */
  waiting(): number;
}

interface Waiting {
  resolve(client: PoolClient): void;
  reject(error: Error): void;
}

/** More at a time take each other's CPU, and so the first one comes later. */
const OPENED_AT_ONCE = 2;

/**
 * Whoever needs a connection gets the first that is free: one that somebody gives back, or a new one. In pg's pool, whoever causes a new one waits
 * for that. A new one takes a process of PostgreSQL, a password's hash and, with TLS, a handshake: on a busy machine more than a second, in which
 * the others have been free a hundred times.
 */
export function createCheckout(pool: Pool): Checkout {
  const { max, connectionTimeoutMillis } = pool.options;
  const line: Waiting[] = [];
  let opening = 0;

  const giveBack = (client: PoolClient, broken?: Error) => {
    const next = broken ? undefined : line[0];
    if (next) next.resolve(client);
    else client.release(broken);
    openMore();
  };

  const openMore = () => {
    while (opening < Math.min(line.length, OPENED_AT_ONCE) && pool.totalCount < max) void open();
  };

  const open = async () => {
    const cause = line[opening]!;
    opening += 1;
    try {
      const client = await pool.connect();
      opening -= 1;
      giveBack(client);
    } catch (error) {
      opening -= 1;
      cause.reject(error as Error);
      openMore();
    }
  };

  return {
    take() {
      // Those who wait there are about to get an idle one.
      if (pool.idleCount > pool.waitingCount) return pool.connect();
      return new Promise((resolve, reject) => {
        const end = () => {
          clearTimeout(timer);
          const place = line.indexOf(waiting);
          if (place >= 0) line.splice(place, 1);
        };
        const waiting: Waiting = {
          resolve(client) {
            end();
            resolve(client);
          },
          reject(error) {
            end();
            reject(error);
          },
        };
        const timer = setTimeout(
          () => waiting.reject(new Error(`no connection in ${connectionTimeoutMillis} ms`)),
          connectionTimeoutMillis,
        );
        line.push(waiting);
        openMore();
      });
    },
    giveBack,
    waiting: () => line.length,
  };
}
