import { createWorkLimiter, type WorkLimiter } from '@millrace/chassis';
import type { ServiceClient } from '@millrace/chassis/service-client';
import type { Effect } from '@millrace/contracts';

export interface EffectWorkersOptions {
  /** The service that applies each effect. */
  workers: Record<Effect, ServiceClient>;
  /** How long one effect may take, waiting for a free worker included. */
  timeoutMs: number;
  /** How much memory the pictures that are between two workers may take together. */
  memoryBytes: number;
}

/** The workers, and what one process may have in work with them. */
export interface EffectWorkers extends Omit<EffectWorkersOptions, 'memoryBytes'> {
  /** For pictures between two workers, where they are uncompressed and many times as large: by their bytes. */
  memory: WorkLimiter;
}

export function createEffectWorkers({ memoryBytes, ...options }: EffectWorkersOptions): EffectWorkers {
  return { ...options, memory: createWorkLimiter({ concurrency: memoryBytes, queueLimit: Infinity }) };
}
