// Ten people who use the stack as intended: node honest.ts URL SECONDS PHOTO. It runs in its own container to have its own address, and so
// needs nothing but Node. Prints a line of JSON: for each kind of request the latencies in ms, and what failed.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const [url, seconds, photoFile] = process.argv.slice(2) as [string, string, string];
const CLIENTS = 10;
/** The pause of a person between two requests. */
const PAUSE_MS = 400;

const photo = new Blob([readFileSync(photoFile)], { type: 'image/jpeg' });
const json = { 'Content-Type': 'application/json' };
const post = (path: string, body: object) =>
  fetch(url + path, { method: 'POST', headers: json, body: JSON.stringify(body) });

const kinds: Record<string, (id: string) => Promise<Response>> = {
  task: (id) => post('/api/tasks', { title: `Buy milk ${id}` }),
  queued: (id) => post('/api/add', { task: `Bake a cake ${id}` }),
  done: (id) => addAndWait(`Water the plants ${id}`),
  analyze: (id) => post('/analyze', { text: `Hello, how are you? ${id}` }),
  list: () => fetch(`${url}/api/tasks?limit=20`),
  upload: () => {
    const form = new FormData();
    form.set('file', photo, 'photo.jpg');
    form.set('effects', 'bw,blur');
    return fetch(`${url}/upload`, { method: 'POST', body: form });
  },
};

/** Until a worker has done the task. */
async function addAndWait(task: string): Promise<Response> {
  const accepted = await post('/api/add', { task });
  if (!accepted.ok) return accepted;
  const { status_url: job } = (await accepted.json()) as { status_url: string };
  for (const end = performance.now() + 30_000; performance.now() < end;) {
    const response = await fetch(url + job);
    if (!response.ok) return response;
    const { status } = (await response.clone().json()) as { status: string };
    if (status === 'completed') return response;
    await sleep(50);
  }
  throw new Error('the task was not done within 30 s');
}

const latencies: Record<string, number[]> = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]));
const failed: string[] = [];
let refused = 0;

async function send(kind: string, id: string): Promise<void> {
  const begun = performance.now();
  try {
    const response = await kinds[kind]!(id);
    const text = await response.text();
    // Too many requests: a person comes back later.
    if (response.status === 429) refused += 1;
    else if (!response.ok) failed.push(`${kind}: ${response.status} ${text.slice(0, 300)}`);
    else latencies[kind]!.push(Math.round(performance.now() - begun));
  } catch (error) {
    failed.push(`${kind}: ${String(error)} ${String((error as Error).cause)}`);
  }
}

async function person(name: number): Promise<void> {
  const end = performance.now() + Number(seconds) * 1_000;
  await sleep((PAUSE_MS / CLIENTS) * name);
  for (let round = 0; performance.now() < end; round++) {
    for (const kind of Object.keys(kinds)) {
      await send(kind, `${name}-${round}`);
      await sleep(PAUSE_MS * (0.5 + Math.random()));
    }
  }
}

async function main(): Promise<void> {
  await Promise.all(Array.from({ length: CLIENTS }, (_, name) => person(name)));
  process.stdout.write(`${JSON.stringify({ latencies, failed, refused })}\n`);
}

void main();
