// Replicas add throughput: four do the work four times as fast as one. `npm run test:scaling` is the long form, with 2 s of work for each
// image instead of 200 ms.
import { startStack, type Stack } from '../../local/stack/stack.js';
import { countBy, type Load, type Run, startUploads, uploadAtOnce, uploadByLot } from './uploads.js';
import { until } from '../support/until.js';

const WORK_MS = Number(process.env['SCALING_WORK_MS'] ?? 200);
const IS_LONG = WORK_MS >= 2_000;
const UPLOADS = 20;
/**
 * The required part of a factor of four. In the short form, an image's overhead weighs ten times as much: on two cores with ten processes
 * competing for them, 20 runs gained from 2.7 to 3.9. So the best of some counts there; and its uploads must be spread evenly, which
 * random spreading achieves in one run of a hundred.
 */
const LEAST_GAIN = IS_LONG ? 3.6 : 3;
const MOST_RUNS = IS_LONG ? 1 : 8;
const CONTROL_RUNS = IS_LONG ? 1 : 3;
/** Within this time callers must use a new replica, and forget a removed one. In the short form, a machine that is busy with other tests adds to it. */
const TAKE_NOTE_MS = IS_LONG ? 2_000 : 6_000;
const TEST_MS = 90_000 + 30 * WORK_MS;

let stack: Stack;
let load: Load | undefined;
let oneReplicaMs: number;

beforeAll(async () => {
  stack = await startStack({ port: 'free', env: { 'blur-worker': { BLUR_DELAY_MS: String(WORK_MS) } } });
}, 90_000);

afterEach(() => load?.stop());
afterAll(() => stack.stop());

test(
  'one replica processes one image after the other',
  async () => {
    const [run] = await measure();
    oneReplicaMs = run!.ms;
    process.stdout.write(`${UPLOADS} images of ${WORK_MS} ms, one replica: ${Math.round(oneReplicaMs)} ms\n`);
    expect(oneReplicaMs).toBeGreaterThanOrEqual(UPLOADS * WORK_MS);
    expect(countBy(run!.uploads, 'worker')).toEqual({ 'blur-worker-1': UPLOADS });
  },
  TEST_MS,
);

test(
  'new replicas take work within 2 s, including requests that were already waiting',
  async () => {
    load = await startUploads(stack.url, UPLOADS);
    await until('there is a line', () => load!.uploads.length > 0, TEST_MS);
    const scaled = stack.scale({ 'blur-worker': 4 });
    const listed = await instant('four are listed', () => blurWorkers().length === 4);
    await scaled;
    await until('all four are at work', () => workersSince(listed).length === 4, TEST_MS);
    await load.stop();

    for (const name of ['blur-worker-2', 'blur-worker-3', 'blur-worker-4']) {
      const first = load.uploads.find(({ worker }) => worker === name)!;
      expect(first.ended - WORK_MS - listed).toBeLessThanOrEqual(TAKE_NOTE_MS);
    }
    const moved = load.uploads.filter(({ begun, worker }) => begun < listed && worker !== 'blur-worker-1');
    expect(moved.length).toBeGreaterThan(0);
    expect(load.uploads.filter(({ status }) => status !== 201)).toEqual([]);
  },
  2 * TEST_MS,
);

test(
  'four replicas are four times as fast, with a quarter of the work each',
  async () => {
    const runs = await measure(isFourTimes);
    const { gain, largestShare } = judge('four replicas', runs);
    expect(gain).toBeGreaterThanOrEqual(LEAST_GAIN);
    expect(largestShare).toBe(UPLOADS / 4);
    if (IS_LONG) expect(runs[0]!.ms).toBeLessThanOrEqual(11_000);
  },
  TEST_MS,
);

test(
  'so are they behind two gateways, neither of which knows what the other has sent',
  async () => {
    await stack.scale({ 'web-gateway': 2 });
    const runs = await measure(isFourTimes);
    const { gain, largestShare } = judge('four replicas, two gateways', runs);
    expect(gain).toBeGreaterThanOrEqual(LEAST_GAIN);
    expect(largestShare).toBe(UPLOADS / 4);
    for (const { uploads } of runs) expect(Object.keys(countBy(uploads, 'gateway'))).toHaveLength(2);
    if (IS_LONG) expect(runs[0]!.ms).toBeLessThanOrEqual(11_000);
  },
  TEST_MS,
);

test(
  'control run: replicas chosen at random are not',
  async () => {
    const urls = blurWorkers().map(({ url }) => url);
    const runs: Run[] = [];
    for (let seed = 1; seed <= CONTROL_RUNS; seed += 1) runs.push(await uploadByLot(urls, UPLOADS, seed));
    const { gain, largestShare } = judge('control, chosen at random', runs);
    expect(gain < LEAST_GAIN || largestShare > UPLOADS / 4).toBe(true);
  },
  TEST_MS,
);

test(
  'removing replicas under load fails no request, and they are soon forgotten',
  async () => {
    load = await startUploads(stack.url, UPLOADS);
    await until('all four are at work', () => workersSince(0).length === 4, TEST_MS);
    // It resolves when the last of them has drained: longer than this test needs to wait.
    const scaled = stack.scale({ 'blur-worker': 1 });
    scaled.catch(() => undefined);
    const forgotten = TAKE_NOTE_MS + (await instant('one is listed', () => blurWorkers().length === 1));
    const begunSince = () => load!.uploads.filter(({ begun }) => begun >= forgotten);
    await until(
      'as many began and ended since as are under way',
      () => begunSince().length >= UPLOADS,
      TEST_MS,
    );
    await load.stop();
    expect(Object.keys(countBy(begunSince(), 'worker'))).toEqual(['blur-worker-1']);
    expect(load.uploads.filter(({ status }) => status !== 201)).toEqual([]);
  },
  2 * TEST_MS,
);

/**
 * The time of the work alone: every replica and connection has been used before.
 *
 * @param isEnough whether no more runs are needed. Default: after the first one
 */
async function measure(isEnough: (runs: Run[]) => boolean = () => true): Promise<Run[]> {
  await uploadAtOnce(stack.url, 2 * blurWorkers().length);
  const runs: Run[] = [];
  do runs.push(await uploadAtOnce(stack.url, UPLOADS));
  while (!isEnough(runs) && runs.length < MOST_RUNS);
  expect(runs.flatMap(({ uploads }) => uploads).filter(({ status }) => status !== 201)).toEqual([]);
  return runs;
}

/** The speed-up of the best of these runs over one replica, and the largest share that one replica had in the most even of them. */
function summarize(runs: Run[]) {
  const times = runs.map(({ ms }) => Math.round(ms));
  const shares = runs.map(({ uploads }) => Math.max(...Object.values(countBy(uploads, 'worker'))));
  return { times, shares, gain: oneReplicaMs / Math.min(...times), largestShare: Math.min(...shares) };
}

function isFourTimes(runs: Run[]): boolean {
  const { gain, largestShare } = summarize(runs);
  return gain >= LEAST_GAIN && largestShare === UPLOADS / 4;
}

function judge(title: string, runs: Run[]): { gain: number; largestShare: number } {
  const { times, shares, gain, largestShare } = summarize(runs);
  const facts = `${times.join(', ')} ms, largest shares ${shares.join(', ')}, gain ${gain.toFixed(2)}`;
  process.stdout.write(`${UPLOADS} images of ${WORK_MS} ms, ${title}: ${facts}\n`);
  return { gain, largestShare };
}

function blurWorkers() {
  return stack.replicas.filter(({ service }) => service === 'blur-worker');
}

/** The replicas of uploads that ended since. */
function workersSince(instant: number): string[] {
  const ended = load!.uploads.filter((upload) => upload.ended >= instant);
  return Object.keys(countBy(ended, 'worker'));
}

async function instant(what: string, isSo: () => boolean): Promise<number> {
  await until(what, isSo, TEST_MS);
  return performance.now();
}
