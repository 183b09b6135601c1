import { createHash } from 'node:crypto';
import { Unavailable } from '@millrace/chassis/http';
import { currentContext, remainingMs, withTimeout } from '@millrace/chassis/process';
import { execute, type Redis, whileRedisAnswers } from '@millrace/chassis/stores/redis';
import { isSampled, tally } from '@millrace/chassis/telemetry';
import { createWorkLimiter, retryForever, type WorkLimiter } from '@millrace/chassis/work';
import { type ImageType, imageTypeSchema } from '@millrace/contracts';

export interface StoredImage {
  type: ImageType;
  /** A strong entity tag, including its quotes. */
  etag: string;
  /** Its owner; null with AUTH_MODE=off. */
  owner: string | null;
  bytes: Buffer;
}

/**
 * Finished images in Redis, each for a limited time, or until room is needed for others. Throws Unavailable while Redis does not respond,
 * or is full of data that must stay.
 */
export interface ImageStore {
  /**
   * Retries for up to 2.5 s, or for as long as the caller waits: the work is done, and saving it twice does no harm.
   *
   * @param id cannot be guessed: without sign-in, anyone who knows it may see the image
   */
  save(id: string, image: Pick<StoredImage, 'type' | 'bytes'> & { owner?: string | null }): Promise<void>;
  /**
   * Passes an image to `use`, or undefined when there is none (any more). Its memory is claimed until `use` has ended; without free memory,
   * it waits for up to 2.5 s.
   */
  show<T>(id: string, use: (image: StoredImage | undefined) => Promise<T> | T): Promise<T>;
  /** Its owner, and the trace in which it was made (null if that is not exported). Undefined when there is no such image. */
  findOrigin(id: string): Promise<{ owner: string | null; traceparent: string | null } | undefined>;
}

/** Together with the 2 s that a command may take afterwards, still less than the 5 s within which a client must hear of a fault. */
const SAVE_AGAIN_MS = 2_500;

/**
 * Redis holds a copy of everything that is requested from it at once, until it is sent. This also limits how many images there are at once
 * whose memory is not claimed yet: their size is only known when they arrive. (They are not read in parts: for each part of a field, Redis
 * copies the whole field.)
 */
const READS_AT_ONCE = 2;
const READS_WAITING = 1_000;
const READ_WAIT_MS = 2_500;

const countSaved = tally({ name: 'image_store_saved_total', help: 'Images stored.' });
const countReads = tally(
  {
    name: 'image_store_reads_total',
    help: 'Images requested: hit, or miss (expired, evicted, or never stored).',
  },
  { label: 'result', values: ['hit', 'miss'] },
);

export interface ImageStoreOptions {
  redis: Redis;
  /** How long an image is kept. */
  ttlSeconds: number;
  /** For the images that are being shown, by their bytes. Default: no limit, for callers that show none */
  memory?: WorkLimiter;
}

export function createImageStore({ redis, ttlSeconds, memory }: ImageStoreOptions): ImageStore {
  const reads = createWorkLimiter({
    name: 'image_reads',
    concurrency: READS_AT_ONCE,
    queueLimit: READS_WAITING,
  });
  const shown = memory ?? createWorkLimiter({ concurrency: Infinity, queueLimit: Infinity });

  const read = async (id: string): Promise<StoredImage | undefined> => {
    const { type, etag, bytes, owner } = await whileRedisAnswers('HGETALL image', () =>
      redis.hgetallBuffer(keyOf(id)),
    );
    if (!type || !etag || !bytes) return undefined;
    return {
      type: imageTypeSchema.parse(type.toString()),
      etag: etag.toString(),
      owner: owner?.toString() ?? null,
      bytes,
    };
  };

  return {
    async save(id, { type, bytes, owner = null }) {
      const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
      const lastTry = performance.now() + Math.min(SAVE_AGAIN_MS, remainingMs());
      const traceparent = currentContext()?.traceparent;
      const key = keyOf(id);
      const head = {
        ...{ type, etag },
        ...(owner !== null && { owner }),
        ...(isSampled(traceparent) && { traceparent }),
      };
      // The bytes separately: ioredis copies a transaction as a whole, once more than a single command. They never stay without a time
      // to live: they are added to a key that has one, and that gets it again in case it was evicted in between.
      const write = () =>
        Promise.all([
          execute(redis.multi().hset(key, head).expire(key, ttlSeconds)),
          redis.hset(key, { bytes }),
          redis.expire(key, ttlSeconds),
        ]);
      await retryForever(() => whileRedisAnswers('HSET image', write), {
        retryable: (error) => error instanceof Unavailable && performance.now() < lastTry,
      });
      countSaved();
    },

    show(id, use) {
      return new Promise((resolve, reject) => {
        const readAndShow = async () => {
          const image = await read(id);
          countReads(image ? 'hit' : 'miss');
          // The turn to read ends when the image has its memory, which is held for longer.
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

    async findOrigin(id) {
      const [etag, owner = null, traceparent = null] = await whileRedisAnswers('HMGET image', () =>
        redis.hmget(keyOf(id), 'etag', 'owner', 'traceparent'),
      );
      return etag == null ? undefined : { owner, traceparent };
    },
  };
}

function keyOf(id: string): string {
  return `image:${id}`;
}
