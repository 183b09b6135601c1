import type { Effect, ImageType, UploadResponse } from '@millrace/contracts';
import { applyEffects, type ApplyOptions } from './apply-effects.js';
import type { EffectWorkers } from './effect-workers.js';
import type { ImageStore } from './image-store.js';

export interface ImageOrder {
  /** The finished image's id. Processing an order again leaves one image, not two. */
  id: string;
  type: ImageType;
  effects: Effect[];
  bytes: Buffer;
  /** The owner of the finished image; null with AUTH_MODE=off. */
  owner: string | null;
}

/** Applies the effects, saves the finished image, and says where it is. */
export async function processImage(
  { id, type, effects, bytes, owner }: ImageOrder,
  { images, ...workers }: EffectWorkers & { images: ImageStore },
  options: ApplyOptions = {},
): Promise<UploadResponse> {
  const finished = await applyEffects({ type, bytes }, effects, workers, options);
  await images.save(id, { type, bytes: finished.bytes, owner });
  return {
    id,
    applied_effects: effects,
    processed_by_pod: finished.hops.at(-1)!.pod,
    view_url: `/image/${id}`,
    hops: finished.hops,
    ...(finished.frames > 1 && { frames: { in: finished.frames, used: 1 as const } }),
  };
}
