import {
  BACKGROUND_PRIORITY,
  type Effect,
  type Hop,
  IMAGE_FRAMES,
  type ImageType,
  INTERCHANGE_TYPE,
  PRIORITY,
  QUICK_IMAGE_PIXELS,
} from '@millrace/contracts';
import type { EffectWorkers } from './effect-workers.js';
import { pixelsOf, uncompressedBytes } from './uncompressed-size.js';

export interface ApplyOptions {
  /** Called after each effect. */
  onHop?: ((hop: Hop, index: number) => unknown) | undefined;
  /** Called when a worker has room for an effect, and begins. */
  onBegin?: (() => void) | undefined;
}

interface Image {
  type: ImageType;
  bytes: Buffer;
}

interface Applied {
  bytes: Buffer;
  /** How many frames the image had: if more than one, `bytes` holds the first. */
  frames: number;
  hops: Hop[];
}

/**
 * Sends an image through the workers in the requested order. The first one decodes it, the last one encodes it again in its own type; in
 * between it travels without loss, so the result is the same as that of a single process.
 *
 * @returns the finished image, and a hop for each effect
 */
export async function applyEffects(
  image: Image,
  effects: Effect[],
  workers: EffectWorkers,
  options: ApplyOptions = {},
): Promise<Applied> {
  const size = pixelsOf(image) > QUICK_IMAGE_PIXELS ? 'large' : 'quick';
  const background = workers.background || size === 'large';
  return workers.memory[size].run(() => sendThrough(image, effects, { ...workers, background }, options), {
    weight: bytesMade(image, effects),
  });
}

/** The maximum number of bytes in memory beside the image itself: a worker's response, and the previous response, which was sent for it. */
function bytesMade(image: Image, effects: Effect[]): number {
  const uncompressed = uncompressedBytes(image);
  // Noise as PNG is as large as its pixels; the other types lose what makes noise large.
  const finished = image.type === 'image/png' ? uncompressed : uncompressed / 3;
  return effects.length === 1 ? finished : uncompressed + finished;
}

async function sendThrough(
  image: Image,
  effects: Effect[],
  { workers, timeoutMs, breaksLimit, background }: EffectWorkers,
  { onHop, onBegin }: ApplyOptions,
): Promise<Applied> {
  const hops: Hop[] = [];
  let bytes = image.bytes;
  let frames = 1;
  for (const [index, effect] of effects.entries()) {
    const begun = performance.now();
    const response = await workers[effect].request({
      method: 'POST',
      path: '/process',
      headers: {
        'Content-Type': index === 0 ? image.type : INTERCHANGE_TYPE,
        Accept: index === effects.length - 1 ? image.type : INTERCHANGE_TYPE,
        ...(background && { [PRIORITY]: BACKGROUND_PRIORITY }),
      },
      body: bytes,
      idempotent: true,
      breaksLimit,
      waitForRoom: true,
      onRoom: onBegin,
      timeoutMs,
    });
    bytes = response.body;
    if (index === 0) frames = Number(response.headers[IMAGE_FRAMES.toLowerCase()] ?? 1);
    const hop = { effect, pod: response.pod, ms: Math.round(performance.now() - begun) };
    hops.push(hop);
    await onHop?.(hop, index);
  }
  return { bytes, frames, hops };
}
