import type { Pool, PoolClient } from 'pg';

/** Takes connections out of a pool. */
export interface Checkout {
  /** @throws when there is none in the pool's `connectionTimeoutMillis` */
  take(): Promise<PoolClient>;
  /** @param broken why nobody can use it any more */
  giveBack(client: PoolClient, broken?: Error): void;
}

interface Waiting {
  resolve(client: PoolClient): void;
  reject(error: unknown): void;
}

/**
 * Whoever needs a connection gets the first that is free: one that somebody gives back, or a new one. In pg's pool, whoever causes a new one waits
 * for that. A new one takes a process of PostgreSQL, a password's hash and, with TLS, a handshake: on a busy machine more than a second, in which
 * the others have been free a hundred times.
 */
export function createCheckout(pool: Pool): Checkout {
  const line: Waiting[] = [];
  /** Never fewer than there are in the line. */
  let opening = 0;

  const giveBack = (client: PoolClient, broken?: Error) => {
    const next = broken ? undefined : line.shift();
    if (next) next.resolve(client);
    else client.release(broken);
  };

  const open = async () => {
    opening += 1;
    try {
      const client = await pool.connect();
      opening -= 1;
      giveBack(client);
    } catch (error) {
      opening -= 1;
      if (line.length > opening) line.shift()?.reject(error);
    }
  };

  return {
    take() {
      const mayOpen = pool.idleCount <= pool.waitingCount && pool.totalCount < pool.options.max;
      if (!mayOpen) return pool.connect();
      return new Promise((resolve, reject) => {
        line.push({ resolve, reject });
        void open();
      });
    },
    giveBack,
  };
}
