import { createHash } from 'node:crypto';
import { type Redis, whileRedisAnswers } from '@millrace/chassis/redis';
import { type ImageType, imageTypeSchema } from '@millrace/contracts';

export interface StoredImage {
  type: ImageType;
  /** A strong entity tag, quotes included. */
  etag: string;
  bytes: Buffer;
}

/** Finished images in Redis, each for a limited time. Throws Unavailable while Redis does not answer, or is full. */
export interface ImageStore {
  /** @param id one that nobody can guess: whoever knows it may see the image */
  save(id: string, image: { type: ImageType; bytes: Buffer }): Promise<void>;
  find(id: string): Promise<StoredImage | undefined>;
}

export function createImageStore(redis: Redis, ttlSeconds: number): ImageStore {
  return {
    async save(id, { type, bytes }) {
      const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
      await whileRedisAnswers(async () => {
        const results = await redis
          .multi()
          .hset(keyOf(id), { type, etag, bytes })
          .expire(keyOf(id), ttlSeconds)
          .exec();
        const failure = results?.find(([error]) => error)?.[0];
        if (failure) throw failure;
      });
    },

    async find(id) {
      const image = await whileRedisAnswers(() => redis.hgetallBuffer(keyOf(id)));
      const { type, etag, bytes } = image;
      if (!type || !etag || !bytes) return undefined;
      return { type: imageTypeSchema.parse(type.toString()), etag: etag.toString(), bytes };
    },
  };
}

function keyOf(id: string): string {
  return `image:${id}`;
}
