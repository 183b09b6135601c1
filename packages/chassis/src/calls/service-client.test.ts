import { createServer, type RequestListener } from 'node:http';
import { eventually } from '../../../../tests/support/eventually.js';
import { deserted, listen } from '../../../../tests/support/listen.js';
import { HttpProblem, Unavailable } from '../http/problem.js';
import { withContext, withTimeout } from '../process/context/request-context.js';
import { serveMetrics } from '../telemetry/metrics-server.js';
import { createServiceClient, type ServiceClient, type ServiceRequest } from './service-client.js';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** Starts a replica. @returns its URL, and the number of requests that have reached it */
async function replica(answer: RequestListener) {
  let requests = 0;
  const server = createServer((req, res) => {
    requests += 1;
    req.resume().on('end', () => answer(req, res));
  });
  const { url, close } = await listen(server);
  cleanUps.push(close);
  return { url, requests: () => requests };
}

function clientOf(...urls: string[]): ServiceClient {
  const client = createServiceClient({ name: 'worker', urls });
  cleanUps.push(() => client.close());
  return client;
}

const named =
  (name: string): RequestListener =>
  (_req, res) =>
    res.setHeader('X-Served-By', name).end(name);
const full: RequestListener = (_req, res) =>
  res.writeHead(503, { 'Retry-After': '7', 'X-Work-Begun': 'false' }).end();
const mayHaveBegun: RequestListener = (_req, res) => res.writeHead(503, { 'X-Work-Begun': 'true' }).end();
const saysNothing: RequestListener = (_req, res) => res.writeHead(503).end();
const breaksOff: RequestListener = (req) => req.socket.destroy();
const never: RequestListener = () => undefined;

const get: ServiceRequest = { method: 'GET', path: '/' };
const post: ServiceRequest = { method: 'POST', path: '/', body: 'x' };
const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

it('returns the response, and which replica sent it', async () => {
  const { url } = await replica(named('worker-1'));
  const response = await clientOf(url).request(post);
  expect(response).toMatchObject({ status: 200, pod: 'worker-1' });
  expect(response.body.toString()).toBe('worker-1');
});

it.each([
  ['with its length', { 'Content-Length': 3 * 65_536 }],
  ['without its length', {}],
])('reads a response that arrives in parts, %s', async (_case, headers) => {
  const parts = ['a', 'b', 'c'].map((letter) => letter.repeat(65_536));
  const { url } = await replica((_req, res) => {
    res.writeHead(200, headers);
    const sendNext = () => (parts.length > 1 ? res.write(parts.shift(), sendNext) : res.end(parts.shift()));
    sendNext();
  });
  const whole = parts.join('');
  expect((await clientOf(url).request(get)).body.toString()).toBe(whole);
});

it('keeps waiting when a service says that it is working', async () => {
  const { url } = await replica((req, res) => {
    res.writeProcessing();
    setImmediate(() => named('worker-1')(req, res));
  });
  expect((await clientOf(url).request(get)).body.toString()).toBe('worker-1');
});

it('passes the request id and the trace on', async () => {
  const { url } = await replica((req, res) => res.end(JSON.stringify(req.headers)));
  const context = {
    requestId: 'r-7',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  };
  const response = await withContext(context, () => clientOf(url).request(get));
  expect(JSON.parse(response.body.toString())).toMatchObject({
    'x-request-id': 'r-7',
    traceparent: context.traceparent,
  });
});

it('passes the remaining time on to the service, and to the next one', async () => {
  const { url } = await replica((req, res) => res.end(req.headers['x-request-timeout-ms']));
  const client = clientOf(url);
  const told = async (request: ServiceRequest) => Number((await client.request(request)).body.toString());
  expect(await told(get)).toBe(3_500);
  expect(await told({ ...get, timeoutMs: 3_000 })).toBe(3_000);
  const left = await withTimeout(3_000, () => told(get));
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(3_000);
  const doublyLimited = await withTimeout(2_900, () => withTimeout(5_000, () => told(get)));
  expect(doublyLimited).toBeLessThanOrEqual(2_900);
});

it('sends nothing when the time is over', async () => {
  const { url, requests } = await replica(named('worker-1'));
  const error = await failure(withTimeout(0, () => clientOf(url).request(get)));
  expect(error).toBeInstanceOf(Unavailable);
  expect(requests()).toBe(0);
});

it('sends each request to the replica with the fewest in flight', async () => {
  let open = () => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  const waiting: RequestListener = (_req, res) => void gate.then(() => res.end());
  const replicas = await Promise.all([replica(waiting), replica(waiting), replica(waiting)]);
  const client = clientOf(...replicas.map(({ url }) => url));
  const requests = Array.from({ length: 12 }, () => client.request(get));
  open();
  await Promise.all(requests);
  expect(replicas.map((each) => each.requests())).toEqual([4, 4, 4]);
});

it.each([
  ['is full', async () => (await replica(full)).url],
  ['refuses the connection', deserted],
])('tries another replica when one %s, even for a POST', async (_case, makeBad) => {
  const good = await replica(named('good'));
  const bad = await makeBad();
  for (let round = 0; round < 5; round++) {
    const response = await clientOf(bad, good.url).request(post);
    expect(response.pod).toBe('good');
  }
  expect(good.requests()).toBe(5);
});

it('does not retry a POST that failed after it was sent, unless it is idempotent', async () => {
  const bad = [await replica(breaksOff), await replica(breaksOff)];
  const urls = bad.map(({ url }) => url);
  const requests = () => bad.reduce((sum, each) => sum + each.requests(), 0);

  expect(await failure(clientOf(...urls).request(post))).toBeInstanceOf(Unavailable);
  expect(requests()).toBe(1);
  expect(await failure(clientOf(...urls).request({ ...post, idempotent: true }))).toBeInstanceOf(Unavailable);
  expect(requests()).toBe(3);
  expect(await failure(clientOf(...urls).request(get))).toBeInstanceOf(Unavailable);
  expect(requests()).toBe(5);
});

it.each([
  ['may have begun it', mayHaveBegun],
  ['does not say whether it has begun it', saysNothing],
])('does not retry a POST after a 503 that %s, unless it is idempotent', async (_case, answer) => {
  const [bad, good] = [await replica(answer), await replica(named('good'))];
  const client = clientOf(bad.url, good.url);
  const sent = () => bad.requests() + good.requests();
  for (let round = 1; round <= 10; round++) {
    await failure(client.request(post));
    expect(sent()).toBe(round);
  }
  expect(bad.requests()).toBeGreaterThan(0);
  const effects = { begun: false };
  await withContext({ requestId: 'r', effects }, () => failure(clientOf(bad.url).request(post)));
  expect(effects.begun).toBe(true);
  for (let round = 0; round < 5; round++) {
    expect((await client.request({ ...post, idempotent: true })).pod).toBe('good');
  }
});

it('reports whether a failed request may have begun', async () => {
  const begun = async (url: string, request: ServiceRequest) => {
    const effects = { begun: false };
    await withContext({ requestId: 'r', effects }, () => failure(clientOf(url).request(request)));
    return effects.begun;
  };
  expect(await begun(await deserted(), post)).toBe(false);
  expect(await begun((await replica(full)).url, post)).toBe(false);
  expect(await begun((await replica(breaksOff)).url, post)).toBe(true);
  expect(await begun((await replica(never)).url, { ...post, timeoutMs: 1_000 })).toBe(true);
  expect(await begun((await replica(breaksOff)).url, { ...post, idempotent: true })).toBe(false);
});

it('retries a client’s input once, and refuses it when it crashes a second replica', async () => {
  const bad = [await replica(breaksOff), await replica(breaksOff), await replica(breaksOff)];
  const client = clientOf(...bad.map(({ url }) => url));
  const error = await failure(client.request({ ...post, idempotent: true, breaksLimit: 2 }));
  expect(error).toMatchObject({ status: 422 });
  expect(bad.reduce((sum, each) => sum + each.requests(), 0)).toBe(2);
});

it('is cancelled with the request it is made for', async () => {
  const { url } = await replica(never);
  const left = new AbortController();
  const reason = new Unavailable('the client left');
  const call = withContext({ requestId: 'r', signal: () => left.signal }, () => clientOf(url).request(get));
  left.abort(reason);
  expect(await failure(call)).toBe(reason);
});

it('adds little load to a service that drops all requests', async () => {
  const bad = [await replica(breaksOff), await replica(breaksOff), await replica(breaksOff)];
  const client = clientOf(...bad.map(({ url }) => url));
  for (let round = 0; round < 200; round++) await failure(client.request(get));
  // 50 in a row, and one for every five requests.
  const sent = bad.reduce((sum, each) => sum + each.requests(), 0);
  expect(sent).toBeGreaterThan(200);
  expect(sent).toBeLessThanOrEqual(200 + 50 + 200 / 5);
});

it('avoids a replica that dropped a request, until it is healthy again', async () => {
  let well = false;
  const unsteady = await replica((req, res) => (well ? named('unsteady')(req, res) : breaksOff(req, res)));
  const good = await replica(named('good'));
  const client = clientOf(unsteady.url, good.url);
  for (let round = 0; round < 100; round++) await client.request(get);
  expect(unsteady.requests()).toBeLessThan(5);
  well = true;
  await eventually(async () => expect((await client.request(get)).pod).toBe('unsteady'));
});

it('is Unavailable when all are full, and says when to retry', async () => {
  const [first, second] = [await replica(full), await replica(full)];
  const error = await failure(clientOf(first.url, second.url).request(get));
  expect(error).toBeInstanceOf(Unavailable);
  expect(error).toMatchObject({ status: 503, headers: { 'Retry-After': '7' } });
});

it('is Unavailable when there is no response in time, and does not retry', async () => {
  const [first, second] = [await replica(never), await replica(never)];
  const usual = failure(clientOf((await replica(never)).url).request(get)).then(() => 'usual');
  const limited = failure(clientOf(first.url, second.url).request({ ...get, timeoutMs: 1_000 }));
  expect(await Promise.race([limited.then(() => 'limited'), usual])).toBe('limited');
  expect(await limited).toBeInstanceOf(Unavailable);
  expect(first.requests() + second.requests()).toBe(1);
  await usual;
});

it('stops when it is cancelled', async () => {
  const { url } = await replica(never);
  expect(await failure(clientOf(url).request({ ...get, signal: AbortSignal.timeout(50) }))).toBeDefined();
});

it('passes on a 4xx of the service', async () => {
  const problem = {
    type: 'about:blank',
    title: 'Unprocessable Entity',
    status: 422,
    detail: 'Too many pixels.',
    request_id: 'r',
    errors: [{ path: 'file', message: 'is too large' }],
  };
  const { url } = await replica((_req, res) => res.writeHead(422).end(JSON.stringify(problem)));
  const error = await failure(clientOf(url).request(get));
  expect(error).toBeInstanceOf(HttpProblem);
  expect(error).toMatchObject({ status: 422, message: 'Too many pixels.', errors: problem.errors });
});

it.each([
  ['a 500', 500, '{"secret":1}'],
  ['a 404 that is not problem+json', 404, '<h1>Not here</h1>'],
])('turns %s into a 502, without its details', async (_case, status, body) => {
  const { url } = await replica((_req, res) => res.writeHead(status).end(body));
  expect(await failure(clientOf(url).request(get))).toMatchObject({
    status: 502,
    message: 'worker could not handle this request.',
  });
});

it('asks each replica, and reports which does not respond', async () => {
  const [healthy, busy] = [await replica(named('healthy')), await replica(full)];
  const answers = await clientOf(healthy.url, busy.url, await deserted()).requestEach(get);
  expect(answers.map((answer) => answer?.status)).toEqual([200, 503, undefined]);
});

it('shows its replicas and retries in the metrics until it is closed', async () => {
  const server = await serveMetrics({ port: 0, host: '127.0.0.1' });
  cleanUps.push(() => {
    server.close();
    return Promise.resolve();
  });
  const metrics = async () => (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
  const client = clientOf((await replica(breaksOff)).url, (await replica(named('good'))).url);
  for (let round = 0; round < 30; round++) await client.request(get);

  const page = await eventually(async () => {
    // One rests for a second at least, but perhaps not until the metrics are read.
    for (let round = 0; round < 3; round++) await client.request(get);
    const text = await metrics();
    expect(text).toContain('service_client_replicas_resting{callee="worker"} 1\n');
    return text;
  });
  expect(page).toContain('service_client_replicas{callee="worker"} 2\n');
  const [, retries] = /service_client_retries_total\{callee="worker"\} (\d+)\n/.exec(page)!;
  expect(Number(retries)).toBeGreaterThan(0);
  expect(page).toMatch(/service_client_retry_budget\{callee="worker"\} \d+\n/);

  await client.close();
  expect(await metrics()).not.toContain('callee="worker"');
});
