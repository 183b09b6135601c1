// A malicious client: node attacker.ts URL SECONDS FOLDER. It does all of this at once: images that are bombs, images that are slow to
// examine, the largest possible images, jobs that are due in weeks, and thousands of streams. FOLDER has the images. It runs in its own
// container to have its own address, and so needs nothing but Node. Prints a line of JSON: how many times each request got which response.
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const [url, seconds, folder] = process.argv.slice(2) as [string, string, string];
const end = performance.now() + Number(seconds) * 1_000;

const answers: Record<string, Record<string, number>> = {};
const count = (what: string, answer: string | number) => {
  const of = (answers[what] ??= {});
  of[answer] = (of[answer] ?? 0) + 1;
};

const images = new Map(
  readdirSync(folder).map((name) => [name, new Blob([readFileSync(`${folder}/${name}`)])]),
);
/** Those whose names begin with the prefix. */
const named = (prefix: string) => [...images].filter(([name]) => name.startsWith(prefix));

async function upload(what: string, image: Blob, query = ''): Promise<void> {
  const form = new FormData();
  form.set('file', image, 'a');
  form.set('effects', 'bw,blur');
  const left = Math.max(0, Math.round(end - performance.now()));
  await fetch(`${url}/upload${query}`, {
    method: 'POST',
    body: form,
    signal: AbortSignal.timeout(left + 5_000),
  })
    .then(async (response) => {
      await response.arrayBuffer();
      count(what, response.status);
    })
    .catch((error: unknown) => count(what, (error as Error).name));
}

/** Repeats requests, a number of them at a time; a short pause follows each refusal, as no machine sends faster than it can. */
async function keepUploading(what: string, prefix: string, atATime: number): Promise<void> {
  const files = named(prefix);
  const one = async (number: number) => {
    for (let round = number; performance.now() < end; round++) {
      const [, image] = files[round % files.length]!;
      await upload(what, image, round % 2 === 0 ? '' : '?async=true');
      await sleep(50);
    }
  };
  await Promise.all(Array.from({ length: atATime }, (_, number) => one(number)));
}

async function farJobs(): Promise<void> {
  const runAt = new Date(Date.now() + 29 * 86_400_000).toISOString();
  for (let job = 0; job < 500 && performance.now() < end; job++) {
    const response = await fetch(`${url}/analyze?async=true&run_at=${runAt}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ text: 'later' }),
    }).catch(() => undefined);
    count('far job', response?.status ?? 'no answer');
  }
}

/** Opens streams that are never read, up to a number. */
async function streams(howMany: number): Promise<void> {
  const agent = new Agent({ keepAlive: false, maxSockets: Infinity });
  for (let stream = 0; stream < howMany && performance.now() < end; stream++) {
    const call = request(`${url}/api/tasks/events`, { agent }, (response) => {
      count('stream', response.statusCode ?? 0);
      if (response.statusCode !== 200) response.resume();
    });
    call.on('error', (error: NodeJS.ErrnoException) => count('stream', error.code ?? error.name));
    call.end();
    if (stream % 50 === 0) await sleep(20);
  }
}

async function main(): Promise<void> {
  await Promise.all([
    keepUploading('bomb', 'bomb', 4),
    keepUploading('slow', 'slow', 3),
    keepUploading('large', 'large', 64),
    farJobs(),
    streams(3_000),
  ]);
  process.stdout.write(`${JSON.stringify(answers)}\n`);
  process.exit(0);
}

void main();
