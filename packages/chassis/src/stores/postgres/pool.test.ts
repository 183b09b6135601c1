import { startPostgres, type PostgresServer } from '../../../../../local/servers/postgres.js';
import { eventually } from '../../../../../tests/support/eventually.js';
import { FAULT_ANSWER_MS } from '../../../../../tests/support/fault-time.js';
import { type Link, openLink } from '../../../../../tests/support/link.js';
import { configOf } from '../../../../../tests/support/postgres.js';
import { silentLogger } from '../../../../../tests/support/service-basics.js';
import { Unavailable } from '../../http/problem.js';
import { withContext } from '../../process/context/request-context.js';
import { createPostgres, isUniqueViolation, type Postgres } from './pool.js';

let server: PostgresServer;
let link: Link;
let db: Postgres;
beforeAll(async () => {
  server = await startPostgres();
  link = await openLink(server.port);
  db = createPostgres(
    { ...configOf(server, 'user-api', 'user_api_migrate'), POSTGRES_PORT: link.port },
    silentLogger(),
  );
  await db.query('CREATE TABLE numbers (number integer UNIQUE)');
});
afterAll(async () => {
  await db.end();
  await link.close();
  await server.stop();
});
beforeEach(async () => {
  await link.mend();
  await db.query('TRUNCATE numbers');
});

const numbers = async () =>
  (await db.query<{ number: number }>('SELECT number FROM numbers')).map((row) => row.number);

/** What `work` rejects with, and after how many ms. */
async function failure(work: Promise<unknown>): Promise<{ error: unknown; ms: number }> {
  const begun = performance.now();
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { error, ms: performance.now() - begun };
}

it('answers with rows', async () => {
  expect(await db.query('SELECT $1::int + 1 AS sum', [41])).toEqual([{ sum: 42 }]);
});

it('passes on errors of statements', async () => {
  await db.query('INSERT INTO numbers VALUES (1)');
  const { error } = await failure(db.query('INSERT INTO numbers VALUES (1)'));
  expect(error).not.toBeInstanceOf(Unavailable);
  expect(isUniqueViolation(error)).toBe(true);
  expect(isUniqueViolation((await failure(db.query('SELEC'))).error)).toBe(false);
});

describe.each([
  ['is stopped', () => link.cut()],
  ['hangs', () => link.freeze()],
])('a server that %s', (_case, damage) => {
  it('makes every use Unavailable within 5 s, and works again afterwards', async () => {
    await db.query('SELECT 1');
    await damage();
    const uses = [
      () => db.query('SELECT 1'),
      () => db.query('SELECT 1'),
      () => db.transaction((tx) => tx.query('SELECT 1')),
    ];
    // One gets the idle connection, the others try to open new ones.
    for (const { error, ms } of await Promise.all(uses.map((use) => failure(use())))) {
      expect(error).toBeInstanceOf(Unavailable);
      expect(ms).toBeLessThan(FAULT_ANSWER_MS);
    }
    await link.mend();
    expect(await db.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('makes a transaction that it interrupts Unavailable within 5 s, and undoes it', async () => {
    const interrupted = db.transaction(async (tx) => {
      await tx.query('INSERT INTO numbers VALUES (1)');
      await damage();
      await tx.query('INSERT INTO numbers VALUES (2)');
    });
    const { error, ms } = await failure(interrupted);
    expect(error).toBeInstanceOf(Unavailable);
    expect(ms).toBeLessThan(FAULT_ANSWER_MS);
    await link.mend();
    expect(await numbers()).toEqual([]);
  });
});

it('makes a new connection Unavailable within 5 s when the server does not respond at all', async () => {
  await link.cut();
  await failure(db.query('SELECT 1'));
  await link.mend();
  server.process.kill('SIGSTOP');
  try {
    const { error, ms } = await failure(db.query('SELECT 1'));
    expect(error).toBeInstanceOf(Unavailable);
    expect(ms).toBeLessThan(FAULT_ANSWER_MS);
  } finally {
    server.process.kill('SIGCONT');
  }
  expect(await db.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

it('does not wait for a new connection when another one is returned', async () => {
  await db.query('SELECT 1');
  // It opens no more connections now; existing ones keep working.
  server.process.kill('SIGSTOP');
  try {
    // Each that waited for a new one would be Unavailable after 1.5 s, at every try.
    await eventually(() => Promise.all(Array.from({ length: 10 }, () => db.query('SELECT pg_sleep(0.01)'))));
  } finally {
    server.process.kill('SIGCONT');
  }
});

it('survives the loss of its connection between two statements of a transaction', async () => {
  const { error } = await failure(
    db.transaction(async (tx) => {
      await tx.query('INSERT INTO numbers VALUES (1)');
      const [self] = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await db.query('SELECT pg_terminate_backend($1)', [self!.pid]);
      // Time for the event of the loss to arrive while no statement is waiting for it.
      await db.query('SELECT pg_sleep(0.1)');
      await tx.query('INSERT INTO numbers VALUES (2)');
    }),
  );
  expect(error).toBeInstanceOf(Unavailable);
  expect(await numbers()).toEqual([]);
});

it('cancels a statement that takes too long', async () => {
  const { error, ms } = await failure(db.query('SELECT pg_sleep(10)'));
  expect(error).toBeInstanceOf(Unavailable);
  expect(ms).toBeLessThan(FAULT_ANSWER_MS);
});

describe('a transaction', () => {
  it('keeps what was done, and returns what its work returns', async () => {
    const result = await db.transaction(async (tx) => {
      await tx.query('INSERT INTO numbers VALUES (1)');
      return 'done';
    });
    expect(result).toBe('done');
    expect(await numbers()).toEqual([1]);
  });

  it.each([
    ['its work throws', new Error('changed my mind')],
    ['its work throws a 503 of another dependency', new Unavailable('Redis is down')],
  ])('undoes everything when %s', async (_case, reason) => {
    const { error } = await failure(
      db.transaction(async (tx) => {
        await tx.query('INSERT INTO numbers VALUES (1)');
        throw reason;
      }),
    );
    expect(error).toBe(reason);
    expect(await numbers()).toEqual([]);
  });

  it('undoes everything when a statement is refused', async () => {
    const { error } = await failure(
      db.transaction(async (tx) => {
        await tx.query('INSERT INTO numbers VALUES (1)');
        await tx.query('INSERT INTO numbers VALUES (1)');
      }),
    );
    expect(isUniqueViolation(error)).toBe(true);
    expect(await numbers()).toEqual([]);
  });
});

describe('whether a request may have changed something', () => {
  /** @returns what the request would say if it were answered with 503 now */
  const begun = async (work: () => Promise<unknown>) => {
    const effects = { begun: false };
    await withContext({ requestId: 'r', effects }, () => failure(work()));
    return effects.begun;
  };

  it('is false when nothing was sent, or it was only read, refused or rolled back', async () => {
    expect(await begun(() => db.query('SELECT 1'))).toBe(false);
    expect(await begun(() => db.query('INSERT INTO numbers VALUES ($1)', ['no number']))).toBe(false);
    expect(await begun(() => db.query('INSERT INTO numbers SELECT 1 FROM pg_sleep(10)'))).toBe(false);
    const interrupted = () =>
      db.transaction(async (tx) => {
        await tx.query('INSERT INTO numbers VALUES (1)');
        await link.cut();
        await tx.query('INSERT INTO numbers VALUES (2)');
      });
    expect(await begun(interrupted)).toBe(false);
    expect(await begun(() => db.query('INSERT INTO numbers VALUES (1)'))).toBe(false);
    await link.mend();
    expect(await numbers()).toEqual([]);
  });

  it('is true when it was committed, or the outcome is unknown', async () => {
    expect(await begun(() => db.query('INSERT INTO numbers VALUES (1)'))).toBe(true);
    expect(await begun(() => db.transaction((tx) => tx.query('INSERT INTO numbers VALUES (2)')))).toBe(true);
    const unanswered = () =>
      db.transaction(async (tx) => {
        await tx.query('INSERT INTO numbers VALUES (3)');
        await link.freeze();
      });
    expect(await begun(unanswered)).toBe(true);
    await link.mend();
    await db.query('SELECT 1');
    await link.freeze();
    expect(await begun(() => db.query('INSERT INTO numbers VALUES (4)'))).toBe(true);
  });
});

it('ends an idle transaction and releases its locks', async () => {
  const { error } = await failure(
    db.transaction(async (tx) => {
      await tx.query('INSERT INTO numbers VALUES (1)');
      // Waits for the other transaction's row, and gets it.
      await eventually(() => db.query('INSERT INTO numbers VALUES (1)'));
      await tx.query('INSERT INTO numbers VALUES (2)');
    }),
  );
  expect(error).toBeInstanceOf(Unavailable);
  expect(await numbers()).toEqual([1]);
});

it('drops a client that acknowledges nothing', async () => {
  expect(await db.query('SHOW tcp_user_timeout')).toEqual([{ tcp_user_timeout: '10000' }]);
});

it('ignores the environment variables of libpq', async () => {
  const foreign = { PGSSLMODE: 'require', PGOPTIONS: '-c search_path=nowhere', PGCLIENTENCODING: 'LATIN1' };
  const before = { ...process.env };
  Object.assign(process.env, foreign);
  const other = createPostgres(configOf(server, 'user-api'), silentLogger());
  try {
    expect(await other.query('SHOW client_encoding')).toEqual([{ client_encoding: 'UTF8' }]);
    expect(await other.query('SHOW search_path')).not.toEqual([{ search_path: 'nowhere' }]);
  } finally {
    process.env = before;
    await other.end();
  }
});

it('hides the data of one role from the other', async () => {
  const other = createPostgres(configOf(server, 'task-api'), silentLogger());
  try {
    for (const statement of [
      'SELECT * FROM users.numbers',
      'CREATE TABLE users.mine ()',
      'CREATE TABLE public.mine ()',
      'DROP SCHEMA users CASCADE',
      'CREATE ROLE mine',
    ]) {
      const { error } = await failure(other.query(statement));
      expect(error).toMatchObject({ code: '42501' });
    }
  } finally {
    await other.end();
  }
});
