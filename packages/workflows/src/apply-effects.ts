import { type Effect, type Hop, IMAGE_FRAMES, type ImageType, INTERCHANGE_TYPE } from '@millrace/contracts';
import type { EffectWorkers } from './effect-workers.js';
import { uncompressedBytes } from './uncompressed-size.js';

export interface ApplyOptions {
  /** Called after each effect. */
  onHop?: ((hop: Hop, index: number) => unknown) | undefined;
  /** Called when a worker has room for an effect, and begins. */
  onBegin?: (() => void) | undefined;
  signal?: AbortSignal | undefined;
}

interface Image {
  type: ImageType;
  bytes: Buffer;
}

interface Applied {
  bytes: Buffer;
  /** How many frames the image had: of more than one, the first is in `bytes`. */
  frames: number;
  hops: Hop[];
}

/**
 * Sends an image through the workers, in the order asked. The first decodes it, the last encodes it again in its own
 * type; between them it travels without loss, so that the picture is the one that a single process would make.
 *
 * @returns the finished image, and a hop for each effect
 */
export async function applyEffects(
  image: Image,
  effects: Effect[],
  workers: EffectWorkers,
  options: ApplyOptions = {},
): Promise<Applied> {
  if (effects.length === 1) return sendThrough(image, effects, workers, options);
  const size = uncompressedBytes(image);
  return workers.memory.run(() => sendThrough(image, effects, workers, options), options.signal, size);
}

async function sendThrough(
  image: Image,
  effects: Effect[],
  { workers, timeoutMs }: EffectWorkers,
  { onHop, onBegin, signal }: ApplyOptions,
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
      },
      body: bytes,
      idempotent: true,
      waitForRoom: true,
      onRoom: onBegin,
      timeoutMs,
      signal,
    });
    bytes = response.body;
    if (index === 0) frames = Number(response.headers[IMAGE_FRAMES.toLowerCase()] ?? 1);
    const hop = { effect, pod: response.pod, ms: Math.round(performance.now() - begun) };
    hops.push(hop);
    await onHop?.(hop, index);
  }
  return { bytes, frames, hops };
}
