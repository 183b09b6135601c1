/** Numbers from 0 to below 1, the same sequence for the same seed (mulberry32). */
export function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A new seed for each run, or FUZZ_SEED, which repeats one. Put it into the test's title, so that a failure shows it. */
export function drawSeed(): number {
  const { FUZZ_SEED } = process.env;
  return FUZZ_SEED ? Number(FUZZ_SEED) : Math.floor(Math.random() * 2 ** 32);
}
