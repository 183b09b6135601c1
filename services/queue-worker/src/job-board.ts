import { HttpProblem } from '@millrace/chassis';
import type { ServiceClient } from '@millrace/chassis/service-client';
import { type ClaimedJob, claimedJobSchema } from '@millrace/contracts';

/** Where a worker gets its jobs and leaves their results: task-api. All throw Unavailable while no replica answers. */
export interface JobBoard {
  /** @returns the job, now ours for the length of its lease; undefined when there is nothing to do for it any more */
  claim(jobId: string): Promise<ClaimedJob | undefined>;
  /** @returns false when the attempt is no longer the current one, so that its work does not count */
  complete(job: ClaimedJob, result: unknown): Promise<boolean>;
  /** Puts the job back, or ends it as failed when it is out of attempts. @returns false as above */
  fail(job: ClaimedJob, error: string): Promise<boolean>;
}

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

  return {
    async claim(jobId) {
      const response = await post(`${jobId}/claim`, { pod });
      return response && claimedJobSchema.parse(JSON.parse(response.body.toString()));
    },
    async complete({ id, attempt }, result) {
      return (await post(`${id}/complete`, { attempt, result })) !== undefined;
    },
    async fail({ id, attempt }, error) {
      return (await post(`${id}/fail`, { attempt, error })) !== undefined;
    },
  };
}
