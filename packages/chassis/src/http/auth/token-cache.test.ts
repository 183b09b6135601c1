import { createTokenCache } from './token-cache.js';

const principal = { owner: 'ada', scopes: new Set<string>() };

function countingCache({ forMs = 60_000, tokensMax = 3 } = {}) {
  const verified: string[] = [];
  const cache = createTokenCache(
    () =>
      Promise.resolve((token: string) => {
        verified.push(token);
        return Promise.resolve({ ...principal, expiresAt: Date.now() + forMs });
      }),
    { tokensMax },
  );
  return { cache, verified };
}

it('remembers a verified token until it expires', async () => {
  const { cache } = countingCache({ forMs: 20_000 });
  expect(cache.find('a')).toBeUndefined();
  await cache.verify('a');
  expect(cache.find('a')).toMatchObject(principal);
  const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 20_001);
  expect(cache.find('a')).toBeUndefined();
  clock.mockRestore();
});

it('keeps a limited number of tokens: the latest', async () => {
  const { cache } = countingCache();
  for (const token of ['a', 'b', 'c', 'd']) await cache.verify(token);
  expect(['a', 'b', 'c', 'd'].map((token) => cache.find(token) !== undefined)).toEqual([
    false,
    true,
    true,
    true,
  ]);
});

it('does not remember a refused token', async () => {
  const cache = createTokenCache(() => Promise.resolve(() => Promise.reject(new Error('no'))));
  await expect(cache.verify('a')).rejects.toThrow('no');
  expect(cache.find('a')).toBeUndefined();
});

it('loads the verifier once, when the first token arrives, and again if that failed', async () => {
  let loads = 0;
  const cache = createTokenCache(() => {
    loads += 1;
    if (loads === 1) return Promise.reject(new Error('not loaded'));
    return Promise.resolve(() => Promise.resolve({ ...principal, expiresAt: Date.now() + 1_000 }));
  });
  expect(loads).toBe(0);
  await expect(cache.verify('a')).rejects.toThrow('not loaded');
  await Promise.all([cache.verify('a'), cache.verify('b')]);
  expect(loads).toBe(2);
});
