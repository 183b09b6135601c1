import type { ServiceClient } from '@millrace/chassis/calls';
import { createWorkLimiter, type WorkLimiter } from '@millrace/chassis/work';
import type { Effect } from '@millrace/contracts';

/** What a client sends is given to a second replica when the first broke down over it, and to no third. */
export const BREAKS_LIMIT = 2;

/** The largest pictures take all of the rest. */
const QUICK_SHARE = 1 / 4;

export interface EffectWorkersOptions {
  /** The service that applies each effect. */
  workers: Record<Effect, ServiceClient>;
  /** How long one effect may take, waiting for a free worker included, in ms. */
  timeoutMs: number;
  /**
   * How many connections to workers a picture may break before it is refused (BrokenByInput). Default 2: the first worker may have been
   * killed by something else.
   */
  breaksLimit?: number;
  /** How much memory what workers make of pictures may take together, in bytes. */
  memoryBytes: number;
  /** The part of it that one client may have. Default 1: all. */
  clientShare?: number;
  /** Nobody waits for the pictures: workers take those first that somebody waits for. Default false */
  background?: boolean;
}

/** The workers, and what one process may have in work with them. */
export interface EffectWorkers extends Required<Omit<EffectWorkersOptions, 'memoryBytes' | 'clientShare'>> {
  /** For what workers make of pictures, by its bytes: between two workers it is uncompressed, and many times as large. */
  memory: {
    /** Of pictures of up to QUICK_IMAGE_PIXELS, so that they need not wait for the end of larger ones. */
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
  // What waits here has claimed memory for its upload already, so that there is a limit to it.
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
 * Splits the memory for pictures, in bytes. Whoever has claimed some for what it received waits for some for what is made of it, so these must
 * not be one: all of it claimed by uploads, none could go on.
 */
export function splitMemory(bytes: number): { received: number; made: number } {
  const received = Math.floor(bytes / 3);
  return { received, made: bytes - received };
}
