import type { Pool, PoolClient } from 'pg';

/** Takes connections out of a pool. */
export interface Checkout {
  /** @throws when none becomes free, and none can be opened, within the pool's `connectionTimeoutMillis` */
  take(): Promise<PoolClient>;
  /** @param broken why it can no longer be used */
  giveBack(client: PoolClient, broken?: Error): void;
  /** How many callers are waiting. */
  waiting(): number;
}

interface Waiting {
  resolve(client: PoolClient): void;
  reject(error: Error): void;
}

/** More at a time would compete for CPU, and delay the first one. */
const OPENED_AT_ONCE = 2;

/**
 * A caller gets the first connection that becomes free: a returned one, or a new one. In pg's pool, the caller that triggers a new connection waits
 * for that one. It needs a PostgreSQL process, a password hash and, with TLS, a handshake: more than a second on a busy machine, in which
 * the others become free a hundred times.
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
      // Callers waiting there are about to get an idle one.
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
