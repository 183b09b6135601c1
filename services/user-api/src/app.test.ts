import type { User } from '@millrace/contracts';
import type { Express } from 'express';
import request from 'supertest';
import { eventually } from '../../../tests/support/eventually.js';
import { FAULT_ANSWER_MS } from '../../../tests/support/fault-time.js';
import { startTestPostgres, type TestPostgres } from '../../../tests/support/postgres.js';
import { basics } from '../../../tests/support/service-basics.js';
import { createApp } from './app.js';

let postgres: TestPostgres;
let app: Express;
beforeAll(async () => {
  postgres = await startTestPostgres('user-api');
  app = createApp({ ...basics('user-api-test'), postgres: postgres.db, postgresCheck: postgres.check });
});
afterAll(() => postgres.stop());
beforeEach(async () => {
  await postgres.link.mend();
  await postgres.own('TRUNCATE users');
});

const call = () => request(app);
const register = (user: object) => call().post('/user/register').send(user);
const alice = { name: 'Alice', email: 'alice@example.com' };

describe('POST /user/register', () => {
  it('answers 201 with the user', async () => {
    const response = await register(alice).expect(201);
    expect(response.body).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      name: 'Alice',
      email: 'alice@example.com',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
    expect(response.get('x-served-by')).toBe('user-api-test');
  });

  it('accepts names in any script', async () => {
    const name = 'Zoë 李 👩‍🚀 "\'\\;--';
    expect((await register({ ...alice, name }).expect(201)).body.name).toBe(name);
  });

  it.each(['alice@example.com', 'ALICE@Example.COM'])(
    'answers 409 to a registered address: %s',
    async (email) => {
      await register(alice).expect(201);
      const response = await register({ name: 'Another', email }).expect(409);
      expect(response.type).toBe('application/problem+json');
      expect((await call().get('/user/users')).body).toHaveLength(1);
    },
  );

  it.each([
    ['user@例え.jp', 'user@例え.jp', ['user@xn--r8jz45g.jp', 'USER@例え。jp']],
    ['ü@exämple.de', 'ü@exämple.de', ['Ü@EXÄMPLE.de', 'u\u0308@exa\u0308mple.de', 'ü@xn--exmple-cua.de']],
    ['почта@пример.рф', 'почта@пример.рф', ['ПОЧТА@ПРИМЕР.РФ']],
    [' \tAlice@Example.com\u00a0\n', 'Alice@Example.com', ['alice@example.com']],
    [`o'hara+news/2026@mail.example.co.uk`, `o'hara+news/2026@mail.example.co.uk`, []],
    [`${'x'.repeat(242)}@example.com`, `${'x'.repeat(242)}@example.com`, []],
  ])('accepts the address %j, once in any spelling', async (email, shown, others) => {
    expect((await register({ name: 'A', email }).expect(201)).body.email).toBe(shown);
    for (const other of [email, ...others]) await register({ name: 'B', email: other }).expect(409);
  });

  it('recognizes addresses written by the previous version', async () => {
    const insert = (email: string) =>
      postgres.db.query('INSERT INTO users (name, email) VALUES ($1, $2)', ['A', email]);
    await insert('Bob@xn--exmple-cua.de');
    await register({ name: 'B', email: 'bob@exämple.de' }).expect(409);
    await register(alice).expect(201);
    await expect(insert('ALICE@example.com')).rejects.toThrow('users_mailbox_key');
  });

  it('registers one of twenty concurrent requests with the same address', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => register(alice)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(19).fill(409)]);
    expect((await call().get('/user/users')).body).toHaveLength(1);
  });

  it.each([
    ['no name', { email: alice.email }, 'name'],
    ['an empty name', { ...alice, name: '' }, 'name'],
    ['a blank name', { ...alice, name: '\u00a0\t' }, 'name'],
    [
      'a name that cannot be seen',
      { ...alice, name: '\u200b\u2800\u3164\u00ad\u200f\u{e0041}\ufeff' },
      'name',
    ],
    ['a name that is a number', { ...alice, name: 7 }, 'name'],
    ['a name that is null', { ...alice, name: null }, 'name'],
    ['a name of 201 characters', { ...alice, name: 'x'.repeat(201) }, 'name'],
    ['a NUL in the name', { ...alice, name: 'A\0' }, 'name'],
    ['no address', { name: 'Alice' }, 'email'],
    ['an address that is a list', { ...alice, email: [alice.email] }, 'email'],
    ['an address without a domain', { ...alice, email: 'alice' }, 'email'],
    ['a NUL in the address', { ...alice, email: 'al\0ice@example.com' }, 'email'],
    ['an address of 300 characters', { ...alice, email: `${'x'.repeat(288)}@example.com` }, 'email'],
    [
      'an address of 254 characters and more bytes',
      { ...alice, email: `${'ü'.repeat(242)}@example.com` },
      'email',
    ],
    ['an address with spaces within', { ...alice, email: 'alice smith@example.com' }, 'email'],
    [
      'an address with a character that cannot be seen',
      { ...alice, email: 'ali\u200bce@example.com' },
      'email',
    ],
    [
      'a domain with a character that cannot be seen',
      { ...alice, email: 'alice@exa\u00admple.com' },
      'email',
    ],
    ['a domain that is an address of a machine', { ...alice, email: 'alice@127.0.0.1' }, 'email'],
    ['a domain that no punycode is', { ...alice, email: 'alice@xn--a.com' }, 'email'],
    ['a domain with a path', { ...alice, email: 'alice@example.com/x' }, 'email'],
    ['two dots in a row', { ...alice, email: 'alice..b@example.com' }, 'email'],
    ['an unknown field', { ...alice, admin: true }, 'admin'],
    ['a list', [alice], ''],
  ])('answers 422 to %s', async (_case, body, path) => {
    const response = await register(body).expect(422);
    expect(response.type).toBe('application/problem+json');
    expect(response.body.errors[0]).toEqual({ path, message: expect.any(String) });
    expect((await call().get('/user/users')).body).toEqual([]);
  });

  it('answers 422 to a lone surrogate', async () => {
    const body = String.raw`{"name":"\udc00","email":"alice@example.com"}`;
    await call().post('/user/register').type('json').send(body).expect(422);
  });
});

describe('GET /user/users', () => {
  it('lists users, newest first, by pages', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e'])
      await register({ name, email: `${name}@example.com` }).expect(201);
    const names: string[][] = [];
    let next: string | undefined = '/user/users?limit=2';
    while (next) {
      const page: request.Response = await call().get(next).expect(200);
      names.push((page.body as User[]).map(({ name }) => name));
      next = /^<([^>]+)>; rel="next"$/.exec(page.get('link') ?? '')?.[1];
    }
    expect(names).toEqual([['e', 'd'], ['c', 'b'], ['a']]);
  });

  it.each(['limit=0', 'limit=201', 'limit=x', 'cursor=7', 'colour=red'])(
    'answers 400 to ?%s',
    async (query) => {
      const response = await call().get(`/user/users?${query}`).expect(400);
      expect(response.type).toBe('application/problem+json');
    },
  );
});

it('shows a friendly page that names its replica', async () => {
  for (const path of ['/user', '/user/']) {
    const response = await call().get(path).expect(200);
    expect(response.type).toBe('text/html');
    expect(response.text).toContain('<h1>User service</h1>');
    expect(response.text).toContain('user-api-test');
  }
});

it('answers 405 to other methods, and lists the allowed ones', async () => {
  expect((await call().get('/user/register').expect(405)).get('allow')).toBe('POST, OPTIONS');
  expect((await call().delete('/user/users').expect(405)).get('allow')).toBe('GET, HEAD, OPTIONS');
});

describe.each([
  ['is down', () => postgres.link.cut()],
  ['hangs', () => postgres.link.freeze()],
])('while the database %s', (_case, damage) => {
  it('answers 503 within 5 s, is unhealthy, and recovers when it is back', async () => {
    await register(alice).expect(201);
    expect((await eventually(() => call().get('/user/health').expect(200))).body).toMatchObject({
      status: 'healthy',
      service: 'user-api',
      checks: { postgres: { status: 'healthy' } },
    });
    await damage();

    const begun = performance.now();
    const answers = await Promise.all([
      call().get('/user/users'),
      register({ name: 'Bob', email: 'bob@example.com' }),
    ]);
    expect(performance.now() - begun).toBeLessThan(FAULT_ANSWER_MS);
    for (const answer of answers) {
      expect(answer.status).toBe(503);
      expect(answer.type).toBe('application/problem+json');
      expect(answer.get('retry-after')).toBe('1');
    }
    for (const path of ['/health', '/user/health']) {
      const { body } = await eventually(() => call().get(path).expect(503));
      expect(body).toMatchObject({ status: 'unhealthy', checks: { postgres: { status: 'unhealthy' } } });
    }

    await postgres.link.mend();
    await register({ name: 'Carol', email: 'carol@example.com' }).expect(201);
    await eventually(() => call().get('/user/health').expect(200));
  });
});
