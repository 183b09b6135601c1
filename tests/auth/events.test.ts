// An event stream does not reveal that others are working.
import { SCOPES } from '@millrace/contracts';
import { send as sendTo, sendJson } from '../api/client.js';
import { eventually } from '../support/eventually.js';
import { type SecuredStack, startSecuredStack } from './stack.js';

let stack: SecuredStack;
beforeAll(async () => {
  stack = await startSecuredStack();
}, 90_000);
afterAll(() => stack.stop());

const OWN = 'tasks:read tasks:write';
const bearer = async (sub: string, scope = OWN) => ({
  Authorization: `Bearer ${await stack.issuer.token({ sub, scope })}`,
});

/** How many changes were reported to a user. */
async function listen(sub: string, scope?: string) {
  const leaving = new AbortController();
  const response = await fetch(`${stack.url}/api/tasks/events`, {
    headers: await bearer(sub, scope),
    signal: leaving.signal,
  });
  let text = '';
  const read = async () => {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) text += chunk;
  };
  read().catch(() => undefined);
  const changes = () => text.split('event: change\n').length - 1;
  await eventually(() => expect(text).toContain('retry:'));
  return { changes, close: () => leaving.abort() };
}

const send = async (sub: string, method: string, path: string, body: object, scope?: string) => {
  const reply = await sendJson(method, path, body, { url: stack.url, headers: await bearer(sub, scope) });
  expect(reply.status).toBeLessThan(300);
  return (reply.json() as { id: string }).id;
};
const statusOf = async (sub: string, job: string) => {
  const reply = await sendTo(`/api/jobs/${job}`, { url: stack.url, headers: await bearer(sub) });
  return (reply.json() as { status: string }).status;
};

/**
 * Waits until nobody has been told anything for longer than hints are held back: by a second, twice. In many short times, because one can be over
 * while the machine stood still.
 */
async function quiet(...streams: { changes: () => number }[]): Promise<void> {
  const told = () => streams.reduce((sum, { changes }) => sum + changes(), 0);
  let before = told();
  for (let still = 0; still < 25; still += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (told() !== before) still = 0;
    before = told();
  }
}

test('users hear of their own changes, and not of others’; administrators hear of all', async () => {
  const bob = await listen('bob');
  // A new subscription reports a change, because earlier ones are unknown.
  await eventually(() => expect(bob.changes()).toBeGreaterThan(0));
  const ada = await listen('ada');
  const root = await listen('root', Object.keys(SCOPES).join(' '));
  const all = [ada, bob, root];
  await quiet(...all);
  const begun = { ada: ada.changes(), bob: bob.changes(), root: root.changes() };

  // Created, changed, and worked on by a worker, which acts for nobody.
  const id = await send('ada', 'POST', '/api/tasks', { title: 'mine' });
  await send('ada', 'PATCH', `/api/tasks/${id}`, { title: 'still mine' });
  const job = await send('ada', 'POST', '/api/add', { task: 'mine' });
  await eventually(async () => expect(await statusOf('ada', job)).toBe('completed'));
  await quiet(...all);
  // By another user.
  await send('root', 'PATCH', `/api/tasks/${id}`, { completed: true }, Object.keys(SCOPES).join(' '));
  await quiet(...all);
  expect(bob.changes()).toBe(begun.bob);
  expect(ada.changes()).toBeGreaterThanOrEqual(begun.ada + 2);
  expect(root.changes()).toBeGreaterThanOrEqual(begun.root + 2);

  const before = ada.changes();
  await send('bob', 'POST', '/api/add', { task: 'his' });
  await eventually(() => expect(bob.changes()).toBeGreaterThan(begun.bob));
  await quiet(...all);
  expect(ada.changes()).toBe(before);
  all.forEach((stream) => stream.close());
});
