import { makeImage } from '../support/images.js';

/** A request that creates something, in one of the public ways to do so. */
export interface MakingRequest {
  /** Its X-Request-Id, by which the audit finds what it has created; and the title of a task that it creates. */
  name: string;
  /** With an Idempotency-Key, it is sent until it is answered; without one, once. */
  keyed: boolean;
  method: 'GET' | 'POST';
  path: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

/** The prefix of all names. */
export const NAME_PREFIX = 'chaos-';

const asJson = { 'Content-Type': 'application/json' };

/** Of twenty requests: an asynchronous upload, two analyses, two tasks for people, and tasks for the queue in all three ways. */
export async function makeRequests(): Promise<(number: number) => MakingRequest> {
  const upload = await imageUpload();
  return (number) => {
    const name = `${NAME_PREFIX}${number}`;
    // Every kind is sent with a key and without.
    const common = { name, keyed: Math.floor(number / 20) % 2 === 0, method: 'POST' as const };
    const json = (path: string, value: object) => ({
      ...common,
      path,
      headers: asJson,
      body: JSON.stringify(value),
    });
    switch (number % 20) {
      case 0:
        return { ...common, ...upload };
      case 5:
      case 15:
        return json('/analyze?async=true', { text: `text ${number}` });
      case 3:
        return json('/api/tasks', { title: name });
      case 13:
        return json('/tasks', { title: name });
      case 7:
      case 17:
        return { ...common, method: 'GET', path: `/add/task-${number}` };
      case 10:
        return json('/api/add', { task: `task-${number}` });
      default:
        return { ...common, path: `/api/add/task-${number}` };
    }
  };
}

/** A small image in a form, encoded once for all requests. */
async function imageUpload() {
  const form = new FormData();
  form.set('effects', 'bw,blur');
  form.set(
    'file',
    new Blob([new Uint8Array(await makeImage('png', { width: 32, height: 24 }))]),
    'small.png',
  );
  const encoded = new Response(form);
  return {
    path: '/upload?async=true',
    headers: { 'Content-Type': encoded.headers.get('Content-Type')! },
    body: Buffer.from(await encoded.arrayBuffer()),
  };
}
