import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceClient } from '@millrace/chassis/service-client';
import type { ClaimedJob, Progress } from '@millrace/contracts';
import { analyzeText, type EffectWorkers, type ImageStore, processImage } from '@millrace/workflows';
import type { JobBoard } from './job-board.js';

export interface PerformOptions {
  /** Artificial work per task. */
  taskDelayMs: number;
  textWorker: ServiceClient;
  effectWorkers: EffectWorkers;
  images: ImageStore;
  board: JobBoard;
}

export interface PerformContext {
  /** Aborts when the work would no longer count. */
  signal: AbortSignal;
  /** To be told after each step but the last. */
  onProgress: (progress: Progress) => Promise<unknown>;
}

/** Does a job's work. May be run again for the same job at any time, so each kind must bear being done twice. */
export type PerformJob = (job: ClaimedJob, context: PerformContext) => Promise<unknown>;

export function createPerformJob(options: PerformOptions): PerformJob {
  const { taskDelayMs, textWorker, effectWorkers, images, board } = options;
  return async (job, { signal, onProgress }) => {
    switch (job.kind) {
      case 'task':
        // Put your own work here.
        await sleep(taskDelayMs, undefined, { signal });
        return { task: job.payload.task };
      case 'analyze':
        return analyzeText(job.payload.text, textWorker, signal);
      case 'image': {
        const { type, effects, image_id: id = job.id } = job.payload;
        const order = { id, type, effects, bytes: await board.input(job.id, signal) };
        return processImage(
          order,
          { ...effectWorkers, images },
          { signal, onHop: (_hop, index) => onProgress({ done: index + 1, total: effects.length }) },
        );
      }
    }
  };
}
