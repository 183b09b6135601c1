import type { ServiceClient } from '@millrace/chassis/calls';
import { HttpProblem, Unavailable } from '@millrace/chassis/http';
import { coalesce } from '@millrace/chassis/work';
import {
  type Claim,
  type ClaimedJob,
  type ClaimedJobs,
  claimedJobsSchema,
  countedSchema,
  JOBS_A_REQUEST,
  type Progress,
  type Renewal,
  REPORTED_BYTES,
} from '@millrace/contracts';

/**
 * Where a worker gets its jobs and reports on them: task-api. Reports return false when the attempt is no longer the current one, so that
 * its work does not count. All calls may be repeated, and throw Unavailable while no replica responds. Reports made at the same time go in
 * one request.
 */
export interface JobBoard {
  /**
   * @param claims each has a name, so that it may be repeated when its response was lost
   * @returns the jobs that this worker now holds, each for the length of its lease
   */
  claim(claims: Claim[], signal?: AbortSignal): Promise<ClaimedJobs>;
  /** The image of an image job. */
  input(jobId: string): Promise<Buffer>;
  /** Still working on it: restarts the lease. */
  renew(job: ClaimedJob, progress?: Progress): Promise<boolean>;
  /** @param signal ends waiting for a response; the report itself may still arrive */
  complete(job: ClaimedJob, result: unknown, signal?: AbortSignal): Promise<boolean>;
  /** Puts the job back, or ends it as failed when it is out of attempts, or another attempt would fail the same way. */
  fail(job: ClaimedJob, failure: Failure, signal?: AbortSignal): Promise<boolean>;
}

export interface Failure {
  error: string;
  /** Another attempt would fail the same way. */
  permanent: boolean;
  /** A replica that had the job's input crashed, and the input may be the reason. The second such attempt is the last. */
  broke: boolean;
}

/** An image of 20 MiB takes longer than a line of text. */
const INPUT_TIMEOUT_MS = 15_000;

/** A completion, with its result as JSON already: batches are limited by its length. */
interface Completed {
  id: string;
  attempt: number;
  json: string;
}

export function createJobBoard(taskApi: ServiceClient, pod: string): JobBoard {
  const post = (path: string, json: string, signal?: AbortSignal) =>
    taskApi.request({
      method: 'POST',
      path: `/internal/jobs/${path}`,
      headers: { 'Content-Type': 'application/json' },
      body: json,
      // A claim is identified by its name, a report by its attempt.
      idempotent: true,
      signal,
    });
  const postMany = async (path: string, json: string, signal?: AbortSignal): Promise<unknown> => {
    try {
      return JSON.parse((await post(path, json, signal)).body.toString());
    } catch (error) {
      // A replica of an earlier version, which handles one job at a time; a newer one will respond.
      if (error instanceof HttpProblem && error.status === 404)
        throw new Unavailable(error.message, { cause: error });
      throw error;
    }
  };
  /** @returns for each report, whether it counts */
  const report = async (path: string, reports: { id: string }[], json: string) => {
    const counted = new Set(countedSchema.parse(await postMany(path, json)).counted);
    return reports.map(({ id }) => counted.has(id));
  };

  const renew = coalesce<Renewal, boolean>({
    run: (reports) => report('renewals', reports, JSON.stringify({ reports })),
    maxItems: JOBS_A_REQUEST,
  });
  const complete = coalesce<Completed, boolean>({
    run: (reports) => {
      const parts = reports.map(
        ({ id, attempt, json }) => `{"id":"${id}","attempt":${attempt},"result":${json}}`,
      );
      return report('completions', reports, `{"reports":[${parts.join(',')}]}`);
    },
    maxItems: JOBS_A_REQUEST,
    weigh: ({ json }) => Buffer.byteLength(json),
    maxWeight: REPORTED_BYTES,
  });

  return {
    async claim(claims, signal) {
      return claimedJobsSchema.parse(await postMany('claims', JSON.stringify({ pod, claims }), signal));
    },
    async input(jobId) {
      const path = `/internal/jobs/${jobId}/input`;
      const response = await taskApi.request({ method: 'GET', path, timeoutMs: INPUT_TIMEOUT_MS });
      return response.body;
    },
    renew: ({ id, attempt }, progress) => renew({ id, attempt, progress }),
    complete: ({ id, attempt }, result, signal) =>
      unlessAborted(complete({ id, attempt, json: JSON.stringify(result ?? null) }), signal),
    async fail({ id, attempt }, failure, signal) {
      try {
        await post(`${id}/fail`, JSON.stringify({ attempt, ...failure }), signal);
        return true;
      } catch (error) {
        if (error instanceof HttpProblem && [404, 409].includes(error.status)) return false;
        throw error;
      }
    },
  };
}

/** Rejects as soon as `signal` aborts; the request itself continues. */
function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return answer;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
