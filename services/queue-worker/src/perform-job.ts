import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceClient } from '@millrace/chassis/calls';
import { currentSignal } from '@millrace/chassis/process';
import { createWorkLimiter } from '@millrace/chassis/work';
import { type ClaimedJob, MAX_IMAGE_BYTES, type Progress } from '@millrace/contracts';
import { analyzeText, type EffectWorkers, type ImageStore, processImage } from '@millrace/workflows';
import type { JobBoard } from './job-board.js';

export interface PerformOptions {
  /** Artificial work per task. */
  taskDelayMs: number;
  textWorker: ServiceClient;
  effectWorkers: EffectWorkers;
  images: ImageStore;
  /** How much memory incoming images of jobs may take, in bytes. */
  memoryBytes: number;
  board: JobBoard;
}

/** An attempt is over when its input has crashed a worker; task-api allows the input to crash one more, in another attempt. */
export const BREAKS_LIMIT = 1;

export interface PerformContext {
  /** Called after each step but the last. */
  onProgress: (progress: Progress) => Promise<unknown>;
}

/**
 * Does a job's work, until the current signal aborts. May be run again for the same job at any time, so each kind must bear being done
 * twice.
 */
export type PerformJob = (job: ClaimedJob, context: PerformContext) => Promise<unknown>;

export function createPerformJob(options: PerformOptions): PerformJob {
  const { taskDelayMs, textWorker, effectWorkers, images, board } = options;
  const memory = createWorkLimiter({
    name: 'job_images',
    unit: 'bytes',
    concurrency: options.memoryBytes,
    queueLimit: Infinity,
  });
  return async (job, { onProgress }) => {
    switch (job.kind) {
      case 'task':
        // Put your own work here.
        if (taskDelayMs > 0) await sleep(taskDelayMs, undefined, { signal: currentSignal() });
        return { task: job.payload.task };
      case 'analyze':
        return analyzeText(job.payload.text, textWorker, BREAKS_LIMIT);
      case 'image': {
        const { type, effects, image_id: id = job.id } = job.payload;
        return memory.run(
          async () => {
            const order = { id, type, effects, bytes: await board.input(job.id), owner: job.owner };
            return processImage(
              order,
              { ...effectWorkers, images },
              { onHop: (_hop, index) => onProgress({ done: index + 1, total: effects.length }) },
            );
          },
          { weight: MAX_IMAGE_BYTES },
        );
      }
    }
  };
}
