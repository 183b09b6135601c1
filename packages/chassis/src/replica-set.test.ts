import { createReplicaSet } from './replica-set.js';

it('knows a replica for every URL, and one for a name with one address', async () => {
  const replicas = createReplicaSet([
    'http://127.0.0.1:3001',
    'http://127.0.0.1:3002',
    'http://localhost:3003',
  ]);
  const hosts = (await replicas.current()).map(({ host }) => host);
  expect(hosts).toEqual(['127.0.0.1:3001', '127.0.0.1:3002', 'localhost:3003']);
  await replicas.close();
});

it('knows none while a name has no address', async () => {
  const replicas = createReplicaSet(['http://nobody.invalid:3000']);
  expect(await replicas.current()).toEqual([]);
  await replicas.close();
});
