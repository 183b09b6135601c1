import { createHash } from 'node:crypto';
import { Unavailable } from '@millrace/chassis/http';
import { remainingMs, withTimeout } from '@millrace/chassis/process';
import { execute, type Redis, whileRedisAnswers } from '@millrace/chassis/stores/redis';
import { createWorkLimiter, retryForever, type WorkLimiter } from '@millrace/chassis/work';
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
  /**
   * Gives an image to `use`, or undefined when there is none, or no longer. Its memory is claimed until `use` has ended; who finds none waits
   * for up to 2.5 s.
   */
  show<T>(id: string, use: (image: StoredImage | undefined) => Promise<T> | T): Promise<T>;
}

/** With the 2 s that a command may take after it, still less than the 5 s in which a client is to hear of a fault. */
const SAVE_AGAIN_MS = 2_500;

/**
 * What Redis is asked for at once it holds as a copy, until it is sent. And how many images there are at once whose memory is not claimed
 * yet: how large one is, is known when it is there. (It is not read in parts: of a field, Redis makes a whole copy for each.)
 */
const READS_AT_ONCE = 2;
const READS_WAITING = 1_000;
const READ_WAIT_MS = 2_500;

export interface ImageStoreOptions {
  redis: Redis;
  /** How long an image is kept. */
  ttlSeconds: number;
  /** For the images that are shown, by their bytes. Default: as much as there is, for who shows none */
  memory?: WorkLimiter;
}

export function createImageStore({ redis, ttlSeconds, memory }: ImageStoreOptions): ImageStore {
  const reads = createWorkLimiter({ concurrency: READS_AT_ONCE, queueLimit: READS_WAITING });
  const shown = memory ?? createWorkLimiter({ concurrency: Infinity, queueLimit: Infinity });

  const read = async (id: string): Promise<StoredImage | undefined> => {
    const { type, etag, bytes } = await whileRedisAnswers('HGETALL image', () =>
      redis.hgetallBuffer(keyOf(id)),
    );
    if (!type || !etag || !bytes) return undefined;
    return { type: imageTypeSchema.parse(type.toString()), etag: etag.toString(), bytes };
  };

  return {
    async save(id, { type, bytes }) {
      const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
      const lastTry = performance.now() + Math.min(SAVE_AGAIN_MS, remainingMs());
      const write = () =>
        execute(redis.multi().hset(keyOf(id), { type, etag, bytes }).expire(keyOf(id), ttlSeconds));
      await retryForever(() => whileRedisAnswers('HSET image', write), {
        retryable: (error) => error instanceof Unavailable && performance.now() < lastTry,
      });
    },

    show(id, use) {
      return new Promise((resolve, reject) => {
        const readAndShow = async () => {
          const image = await read(id);
          // The turn to read ends when the image has its memory, which lasts for longer.
          await new Promise<void>((hasMemory) => {
            const showIt = () => {
              hasMemory();
              return Promise.resolve(use(image));
            };
            shown
              .run(showIt, { weight: image?.bytes.length ?? 0 })
              .then(resolve, reject)
              .finally(hasMemory);
          });
        };
        withTimeout(READ_WAIT_MS, () => reads.run(readAndShow)).catch(reject);
      });
    },
  };
}

function keyOf(id: string): string {
  return `image:${id}`;
}
