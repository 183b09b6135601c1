import { HttpProblem } from '@millrace/chassis';
import type { ServiceClient } from '@millrace/chassis/service-client';
import { type ClaimedJob, claimedJobSchema, type Progress } from '@millrace/contracts';

/**
 * Where a worker gets its jobs and reports on them: task-api. Reports answer false when the attempt is no longer the
 * current one, so that its work does not count. All may be repeated, and throw Unavailable while no replica answers.
 */
export interface JobBoard {
  /**
   * @param claim names the claim, so that it may be repeated when its answer was lost
   * @returns the job, ours for the length of its lease; undefined when there is nothing to do for it any more
   */
  claim(jobId: string, claim: string, signal?: AbortSignal): Promise<ClaimedJob | undefined>;
  /** The picture of an image job. */
  input(jobId: string): Promise<Buffer>;
  /** Still at it: begins the lease anew. */
  renew(job: ClaimedJob, progress?: Progress): Promise<boolean>;
  complete(job: ClaimedJob, result: unknown, signal?: AbortSignal): Promise<boolean>;
  /** Puts the job back, or ends it as failed when it is out of attempts, or another would end the same way. */
  fail(job: ClaimedJob, failure: Failure, signal?: AbortSignal): Promise<boolean>;
}

export interface Failure {
  error: string;
  /** Another try would end the same way. */
  permanent: boolean;
  /** A replica that had the job's input broke down, which the input may have caused. The second such attempt is the last. */
  broke: boolean;
}

/** A picture of 20 MiB takes longer than a line of text. */
const INPUT_TIMEOUT_MS = 15_000;

export function createJobBoard(taskApi: ServiceClient, pod: string): JobBoard {
  const post = async (path: string, body: unknown, signal?: AbortSignal) => {
    try {
      return await taskApi.request({
        method: 'POST',
        path: `/internal/jobs/${path}`,
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
        // A claim has a name, a report its attempt.
        idempotent: true,
        signal,
      });
    } catch (error) {
      if (error instanceof HttpProblem && [404, 409].includes(error.status)) return undefined;
      throw error;
    }
  };
  const report = async (path: string, body: unknown, signal?: AbortSignal) =>
    (await post(path, body, signal)) !== undefined;

  return {
    async claim(jobId, claim, signal) {
      const response = await post(`${jobId}/claim`, { pod, claim }, signal);
      return response && claimedJobSchema.parse(JSON.parse(response.body.toString()));
    },
    async input(jobId) {
      const path = `/internal/jobs/${jobId}/input`;
      const response = await taskApi.request({ method: 'GET', path, timeoutMs: INPUT_TIMEOUT_MS });
      return response.body;
    },
    renew: ({ id, attempt }, progress) => report(`${id}/renew`, { attempt, ...(progress && { progress }) }),
    complete: ({ id, attempt }, result, signal) => report(`${id}/complete`, { attempt, result }, signal),
    fail: ({ id, attempt }, failure, signal) => report(`${id}/fail`, { attempt, ...failure }, signal),
  };
}
