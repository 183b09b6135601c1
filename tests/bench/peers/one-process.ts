/** Both effects in one process and one pipeline, for comparison: the picture comes from a file and goes nowhere. */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import sharp from 'sharp';

/** As our workers set it: a picture has every CPU, and none comes twice. */
sharp.concurrency(availableParallelism());
sharp.cache(false);

const SIGMA = 5;

export interface Work {
  file: string;
  ms: number;
  /** Where the last result goes. */
  result: string;
}

function applyBoth(bytes: Buffer): Promise<Buffer> {
  return sharp(bytes)
    .autoOrient()
    .greyscale()
    .toColourspace('b-w')
    .blur(SIGMA)
    .jpeg({ quality: 88, optimiseCoding: false })
    .toBuffer();
}

async function work({ file, ms, result }: Work): Promise<{ requests: number; ms: number }> {
  const bytes = readFileSync(file);
  const begun = performance.now();
  let requests = 0;
  let picture: Buffer;
  do {
    picture = await applyBoth(bytes);
    requests += 1;
  } while (performance.now() - begun < ms);
  const took = performance.now() - begun;
  writeFileSync(result, picture);
  return { requests, ms: took };
}

process.on('message', (order: Work) => {
  void work(order).then((result) => process.send!(result));
});
process.on('disconnect', () => process.exit());
