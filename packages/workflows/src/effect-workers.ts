import type { ServiceClient } from '@millrace/chassis/calls';
import { createWorkLimiter, type WorkLimiter } from '@millrace/chassis/work';
import type { Effect } from '@millrace/contracts';

/** When a replica crashes while it works on a client's input, the input is given to a second replica, but not to a third. */
export const BREAKS_LIMIT = 2;

/** The largest images take all of the rest. */
const QUICK_SHARE = 1 / 4;

export interface EffectWorkersOptions {
  /** The service that applies each effect. */
  workers: Record<Effect, ServiceClient>;
  /** How long one effect may take, including waiting for a free worker, in ms. */
  timeoutMs: number;
  /**
   * How many connections to workers an image may break before it is refused (BrokenByInput). Default 2: the first worker may have been
   * killed by something else.
   */
  breaksLimit?: number;
  /** How much memory may be taken by what workers make of images, in total, in bytes. */
  memoryBytes: number;
  /** The share of it that one client may have. Default 1: all. */
  clientShare?: number;
  /** Nobody waits for these images: workers prefer those that somebody waits for. Default false */
  background?: boolean;
}

/** The workers, and the limits on what one process may have in work with them. */
export interface EffectWorkers extends Required<Omit<EffectWorkersOptions, 'memoryBytes' | 'clientShare'>> {
  /** For what workers make of images, by its bytes: between two workers it is uncompressed, and many times as large. */
  memory: {
    /** Of images of up to QUICK_IMAGE_PIXELS, so that they need not wait until larger ones are finished. */
    quick: WorkLimiter;
    large: WorkLimiter;
  };
}

export function createEffectWorkers(options: EffectWorkersOptions): EffectWorkers {
  const {
    workers,
    timeoutMs,
    breaksLimit = BREAKS_LIMIT,
    background = false,
    memoryBytes,
    clientShare = 1,
  } = options;
  // Whatever waits here has already claimed memory for its upload, so the queue is bounded.
  const memoryOf = (name: string, concurrency: number) =>
    createWorkLimiter({ name, unit: 'bytes', concurrency, queueLimit: Infinity, clientShare });
  const quick = memoryBytes * QUICK_SHARE;
  const memory = {
    quick: memoryOf('results_quick', quick),
    large: memoryOf('results_large', memoryBytes - quick),
  };
  return { workers, timeoutMs, breaksLimit, background, memory };
}

/**
 * Splits the memory for images, in bytes. A request that has claimed memory for its upload waits for memory for what is made of it, so the
 * two must be separate: if uploads could claim all of it, none could continue.
 */
export function splitMemory(bytes: number): { received: number; made: number } {
  const received = Math.floor(bytes / 3);
  return { received, made: bytes - received };
}
