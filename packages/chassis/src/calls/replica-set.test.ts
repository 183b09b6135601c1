import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { eventually } from '../../../../tests/support/eventually.js';
import { createReplicaSet, type ReplicaSet } from './replica-set.js';

let replicas: ReplicaSet | undefined;
afterEach(() => replicas?.close());

const urlsOf = async (set: ReplicaSet) => (await set.current()).map(({ url }) => url);

it('has one replica for every URL, and one for a name with one address', async () => {
  replicas = createReplicaSet(['http://127.0.0.1:3001', 'http://127.0.0.1:3002', 'http://localhost:3003']);
  const hosts = (await replicas.current()).map(({ host }) => host);
  expect(hosts).toEqual(['127.0.0.1:3001', '127.0.0.1:3002', 'localhost:3003']);
});

it('has none while a name has no address', async () => {
  replicas = createReplicaSet(['http://nobody.invalid:3000']);
  expect(await replicas.current()).toEqual([]);
});

describe('a file of URLs', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'replicas-'));
    file = join(folder, 'blur-worker');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is reread, so that replicas come and go', async () => {
    writeFileSync(file, 'http://127.0.0.1:3001\nhttp://127.0.0.1:3002\n');
    const set = (replicas = createReplicaSet([pathToFileURL(file).href]));
    expect(await urlsOf(set)).toEqual(['http://127.0.0.1:3001', 'http://127.0.0.1:3002']);
    writeFileSync(file, 'http://127.0.0.1:3002\nhttp://127.0.0.1:3003\n');
    await eventually(async () =>
      expect(await urlsOf(set)).toEqual(['http://127.0.0.1:3002', 'http://127.0.0.1:3003']),
    );
  });

  it.each([
    ['is gone', () => rmSync(file)],
    ['holds something else', () => writeFileSync(file, 'http://127.0.0.1:3001\nhttp')],
  ])('keeps its replicas while it %s', async (_case, damage) => {
    writeFileSync(file, 'http://127.0.0.1:3001\n');
    const set = (replicas = createReplicaSet([pathToFileURL(file).href, 'http://127.0.0.1:3009']));
    await set.current();
    damage();
    const soon = performance.now() + 2_500;
    while (performance.now() < soon) {
      expect(await urlsOf(set)).toEqual(['http://127.0.0.1:3001', 'http://127.0.0.1:3009']);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });
});
