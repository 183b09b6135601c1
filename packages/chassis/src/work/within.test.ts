import { within } from './within.js';

const tooLate = () => new Error('too late');

it('passes on what the work returns, or throws', async () => {
  expect(await within(60_000, Promise.resolve(1), tooLate)).toBe(1);
  await expect(within(60_000, Promise.reject(new Error('failed')), tooLate)).rejects.toThrow('failed');
});

it('gives up when the work takes longer, also when there is no time left', async () => {
  const never = new Promise<never>(() => {});
  await expect(within(20, never, tooLate)).rejects.toThrow('too late');
  await expect(within(-1, never, tooLate)).rejects.toThrow('too late');
});
