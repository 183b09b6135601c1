import { randomUUID } from 'node:crypto';
import { problemSchema } from '@millrace/contracts';
import fc from 'fast-check';
import { type RequestOptions, send } from './client.js';
import { drawSeed } from './random.js';

const SEED = drawSeed();
const ROUNDS = 150;
/** The requests of a round, sent at the same time. */
const AT_ONCE_MAX = 8;
const TIMEOUT_MS = 120_000;
/** For shrinking a failing round to the smallest one that fails in the same way. */
const SHRINKING_ENDS_AFTER_MS = 100_000;

const id = randomUUID();

const methods = ['GET', 'GET', 'POST', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'PURGE'];
const paths = [
  '/',
  '/health',
  '/api/add',
  '/api/add/',
  '/add/',
  '/api/tasks',
  '/tasks',
  '/api/tasks/',
  `/api/tasks/${id}`,
  '/api/jobs',
  `/api/jobs/${id}`,
  '/user',
  '/user/',
  '/user/users',
  '/user/register',
  '/user/health',
  '/analyze',
  '/upload',
  '/image/',
  `/image/${id}`,
  '/internal/jobs/',
  '/metrics',
  '/no/such/path',
];
const endings = [
  '',
  '',
  '',
  '',
  '/',
  'x',
  '%00',
  '%',
  '%zz',
  '%ff',
  '%0d%0aSet-Cookie:%20a=b',
  '/../..',
  '/..%2f..%2f',
  ';a=b',
  '?',
  '?limit=2',
  '?limit=1e3',
  '?limit[]=2',
  '?cursor=%00',
  '?q=%25%27%22%5c',
  '?q=%ff',
  '?status=open&priority=high',
  `?${'a=1&'.repeat(1_500)}`,
  '?__proto__[x]=1&constructor=2',
  `?q=${'%25_'.repeat(60)}`,
  `?q=${'%e2%80%8b'.repeat(20)}`,
  `?${Array.from({ length: 9_000 }, (_, i) => `k${i}`).join('&')}`,
  'y'.repeat(9_000),
];
const bodies: (string | Buffer | undefined)[] = [
  undefined,
  undefined,
  '',
  '{}',
  '[]',
  'null',
  '{"title":"fuzz"}',
  '{"task":"fuzz"}',
  '{"text":"fuzz"}',
  '{"title":"a\\u0000b"}',
  '{"title":"\\ud800"}',
  '{"text":"\\udc00"}',
  '{"text":"a\u0301\u0301\ud83c\udde8\u200d"}',
  `{"text":"a${'\u0301'.repeat(40_000)}${'b'.repeat(30_000)}"}`,
  '{"completed":true}',
  '{"name":"Fuzz","email":"fuzz"}',
  JSON.stringify(Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, i]))),
  JSON.stringify({ ['k'.repeat(300_000)]: 1 }),
  '{"name":"\u200b","email":"\u00fc@ex\u00e4mple.de "}',
  `{"name":"Fuzz","email":"${'a.'.repeat(50_000)}@${'b.'.repeat(50_000)}"}`,
  '{"__proto__":{"a":1},"constructor":{"prototype":1}}',
  '{"title":1e999}',
  '{"title"',
  '['.repeat(20_000),
  `{"title":"${'x'.repeat(20_000)}"}`,
  '--frame\r\nContent-Disposition: form-data; name="effects"\r\n\r\nbw\r\n--frame--\r\n',
  '--frame\r\nContent-Disposition: form-data; name="file"; filename="\u0000"\r\n\r\n\xff\xd8\xff\r\n--frame--\r\n',
];
const noise = fc.uint8Array({ minLength: 3_000, maxLength: 3_000 }).map((bytes) => Buffer.from(bytes));
const types = [
  undefined,
  'application/json',
  'application/json',
  'application/json; charset=utf-16',
  'application/json;charset="UTF8"',
  'application/problem+json',
  'text/plain',
  'multipart/form-data; boundary=frame',
  'multipart/form-data',
  'multipart/form-data; boundary=',
  'image/jpeg',
  ';;;',
];
const extraHeaders: Record<string, string>[] = [
  {},
  {},
  { 'X-Request-Id': '../../etc/passwd\u00e9' },
  { 'X-Request-Id': 'x'.repeat(2_000) },
  { traceparent: '00-zz-zz-zz' },
  { Accept: 'image/nothing' },
  { 'Accept-Encoding': 'br;q=nonsense' },
  { Range: 'bytes=5-1,-0,a-b' },
  { 'If-None-Match': '*' },
  { Host: 'task-user.local' },
  { Host: 'elsewhere.example' },
  { 'Content-Encoding': 'gzip' },
  { 'Content-Encoding': 'utf-8' },
  { Accept: 'a/b;q=0.5,'.repeat(3_000) },
  { Cookie: 'c='.padEnd(10_000, 'c') },
  { 'X-Forwarded-For': '1.2.3.4, <script>' },
  { Expect: 'nothing' },
];

interface Attempt extends RequestOptions {
  path: string;
}

const attempts: fc.Arbitrary<Attempt> = fc
  .record({
    method: fc.constantFrom(...methods),
    path: fc.constantFrom(...paths),
    ending: fc.constantFrom(...endings),
    body: fc.oneof({ weight: 20, arbitrary: fc.constantFrom(...bodies) }, noise),
    type: fc.constantFrom(...types),
    further: fc.constantFrom(...extraHeaders),
  })
  .map(({ method, path, ending, body, type, further }) => ({
    method,
    path: path + ending,
    body,
    headers: {
      ...(type !== undefined && { 'Content-Type': type }),
      ...(body !== undefined && { 'Content-Length': Buffer.byteLength(body) }),
      ...further,
    },
  }));

/** Describes what is wrong with the response; undefined when nothing is. */
async function findFault(attempt: Attempt): Promise<string | undefined> {
  const reply = await send(attempt.path, attempt);
  if (reply.status >= 500) return `answered ${reply.status}: ${reply.text()}`;
  if (reply.count('x-request-id') !== 1) return `has ${reply.count('x-request-id')} request ids`;
  if (reply.headers['set-cookie']) return 'sets a cookie';
  if (reply.status < 400 || attempt.method === 'HEAD') return undefined;
  const type = reply.headers['content-type'] ?? '';
  if (!type.startsWith('application/problem+json')) return `is an error of type "${type}": ${reply.text()}`;
  const problem = problemSchema.safeParse(JSON.parse(reply.text()));
  if (!problem.success) return `is not a problem document: ${reply.text()}`;
  if (problem.data.status !== reply.status) return `says ${problem.data.status} and is ${reply.status}`;
  return undefined;
}

/** The errors of a round, each with its request. */
async function findFaults(round: Attempt[]): Promise<string[]> {
  const faults = await Promise.all(
    round.map(async (attempt) => {
      const fault = await findFault(attempt).catch((error: unknown) => `was not answered: ${String(error)}`);
      return fault && `${describeAttempt(attempt)} ${fault}`.slice(0, 1_000);
    }),
  );
  return faults.filter((fault) => fault !== undefined);
}

test(
  `random requests (FUZZ_SEED=${SEED}) get responses, none of them a 5xx, and errors are problem documents`,
  async () => {
    const rounds = fc.array(attempts, { minLength: 1, maxLength: AT_ONCE_MAX, size: 'max' });
    const property = fc.asyncProperty(rounds, async (round) => {
      expect(await findFaults(round)).toEqual([]);
    });
    await fc.assert(property, {
      seed: SEED,
      numRuns: ROUNDS,
      interruptAfterTimeLimit: SHRINKING_ENDS_AFTER_MS,
      // The rounds themselves may be megabytes; the error contains what failed.
      reporter: ({ failed, errorInstance, counterexamplePath, numShrinks }) => {
        if (!failed) return;
        throw new Error(`FUZZ_SEED=${SEED}, path ${counterexamplePath ?? '-'}, ${numShrinks} shrinks`, {
          cause: errorInstance,
        });
      },
    });
  },
  TIMEOUT_MS,
);

function describeAttempt({ method, path, headers, body }: Attempt): string {
  const short = (value: unknown) => JSON.stringify(value ?? null).slice(0, 200);
  return `${method} ${path.slice(0, 100)} ${short(headers)} ${short(body?.toString())}`;
}
