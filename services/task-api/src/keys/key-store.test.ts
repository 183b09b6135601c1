import { useTaskApi } from '../../../../tests/support/task-api.js';
import { createMainPool } from '../main-pool.js';
import { silentLogger } from '../../../../tests/support/service-basics.js';
import { eventually } from '../../../../tests/support/eventually.js';
import { createKeyStore } from './key-store.js';

const taskApi = useTaskApi();

it('creates keys on one connection, however many somebody wants at once', async () => {
  const { db, config } = taskApi.postgres;
  const pool = createMainPool(config, silentLogger());
  const keys = createKeyStore(pool);
  const create = () =>
    keys.create({ name: 'test', scopes: ['tasks:read'], expires_in_days: 1 }, 'issuer ada');
  const lockWaits = async () =>
    (await db.query(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`)).length;
  // On another replica, where it takes a while.
  let end = () => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  const first = db.transaction(async (tx) => {
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('issuer ada', 0))`);
    await ended;
  });
  try {
    const others = Promise.allSettled(Array.from({ length: 15 }, create));
    await eventually(async () => expect(await lockWaits()).toBeGreaterThan(0));
    expect(await keys.list('issuer bob')).toEqual([]);
    expect(await lockWaits()).toBeLessThanOrEqual(1);
    end();
    await others;
  } finally {
    end();
    await first;
    await pool.end();
  }
});
