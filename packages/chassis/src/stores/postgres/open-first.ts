import type { Queryable } from './pool.js';

/** Opens a connection in each pool, so that the first requests find one. A failure is left to those requests, which try again. */
export async function openFirst(...pools: Queryable[]): Promise<void> {
  await Promise.allSettled(pools.map((pool) => pool.query('SELECT 1')));
}
