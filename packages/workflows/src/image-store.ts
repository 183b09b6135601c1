import { createHash } from 'node:crypto';
import { Unavailable } from '@millrace/chassis/http';
import { remainingMs, withTimeout } from '@millrace/chassis/process';
import { execute, type Redis, whileRedisAnswers } from '@millrace/chassis/stores/redis';

import { createWorkLimiter, retryForever } from '@millrace/chassis/work';
import { type ImageType, imageTypeSchema } from '@millrace/contracts';

export interface StoredImage {
  type: ImageType;
  /** A strong entity tag, quotes included. */
  etag: string;
  bytes: Buffer;
}

/**
 * Finished images in Redis, each for a limited time, or until room is needed for others. Throws Unavailable while Redis does not
 * answer, or is full of what must stay.
 */
export interface ImageStore {
  /**
   * Tries again for up to 2.5 s, or for as long as who asked will wait: the work is done, and saving it twice is saving it once.
   *
   * @param id one that nobody can guess: whoever knows it may see the image
   */
  save(id: string, image: { type: ImageType; bytes: Buffer }): Promise<void>;
  /** @returns undefined when there is none, or no longer */
  find(id: string): Promise<StoredImage | undefined>;
}

/** With the 2 s that a command may take after it, still less than the 5 s in which a client is to hear of a fault. */
const SAVE_AGAIN_MS = 2_500;

/** What Redis is asked for at once it holds as a copy, until it is sent. */
const READS_AT_ONCE = 2;
const READS_WAITING = 1_000;
const READ_WAIT_MS = 2_500;

export function createImageStore(redis: Redis, ttlSeconds: number): ImageStore {
  const reads = createWorkLimiter({ concurrency: READS_AT_ONCE, queueLimit: READS_WAITING });

  return {
    async save(id, { type, bytes }) {
      const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
      const lastTry = performance.now() + Math.min(SAVE_AGAIN_MS, remainingMs());
      const write = () =>
        execute(redis.multi().hset(keyOf(id), { type, etag, bytes }).expire(keyOf(id), ttlSeconds));
      await retryForever(() => whileRedisAnswers(write), {
        retryable: (error) => error instanceof Unavailable && performance.now() < lastTry,
      });
    },

    async find(id) {
      const read = () => whileRedisAnswers(() => redis.hgetallBuffer(keyOf(id)));
      const { type, etag, bytes } = await withTimeout(READ_WAIT_MS, () => reads.run(read));
      if (!type || !etag || !bytes) return undefined;
      return { type: imageTypeSchema.parse(type.toString()), etag: etag.toString(), bytes };
    },
  };
}

function keyOf(id: string): string {
  return `image:${id}`;
}
