import { HttpProblem } from '@millrace/chassis';
import type { ServiceClient } from '@millrace/chassis/service-client';
import { type ClaimedJob, claimedJobSchema, type Progress } from '@millrace/contracts';

/**
 * Where a worker gets its jobs and reports on them: task-api. Reports answer false when the attempt is no longer the
 * current one, so that its work does not count. All throw Unavailable while no replica answers.
 */
export interface JobBoard {
  /**
   * @param claim names the claim, so that it may be repeated when its answer was lost
   * @returns the job, ours for the length of its lease; undefined when there is nothing to do for it any more
   */
  claim(jobId: string, claim: string): Promise<ClaimedJob | undefined>;
  /** The picture of an image job. */
  input(jobId: string): Promise<Buffer>;
  /** Still at it: begins the lease anew. */
  renew(job: ClaimedJob, progress?: Progress): Promise<boolean>;
  complete(job: ClaimedJob, result: unknown): Promise<boolean>;
  /** Puts the job back, or ends it as failed when it is out of attempts or `permanent` is set. */
  fail(job: ClaimedJob, failure: { error: string; permanent: boolean }): Promise<boolean>;
}

/** A picture of 20 MiB takes longer than a line of text. */
const INPUT_TIMEOUT_MS = 15_000;

export function createJobBoard(taskApi: ServiceClient, pod: string): JobBoard {
  const post = async (path: string, body: unknown) => {
    try {
      return await taskApi.request({
        method: 'POST',
        path: `/internal/jobs/${path}`,
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
    } catch (error) {
      if (error instanceof HttpProblem && [404, 409].includes(error.status)) return undefined;
      throw error;
    }
  };
  const report = async (path: string, body: unknown) => (await post(path, body)) !== undefined;

  return {
    async claim(jobId, claim) {
      const response = await post(`${jobId}/claim`, { pod, claim });
      return response && claimedJobSchema.parse(JSON.parse(response.body.toString()));
    },
    async input(jobId) {
      const path = `/internal/jobs/${jobId}/input`;
      const response = await taskApi.request({ method: 'GET', path, timeoutMs: INPUT_TIMEOUT_MS });
      return response.body;
    },
    renew: ({ id, attempt }, progress) => report(`${id}/renew`, { attempt, ...(progress && { progress }) }),
    complete: ({ id, attempt }, result) => report(`${id}/complete`, { attempt, result }),
    fail: ({ id, attempt }, failure) => report(`${id}/fail`, { attempt, ...failure }),
  };
}
