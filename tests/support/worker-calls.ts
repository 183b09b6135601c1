import { randomUUID } from 'node:crypto';
import type { ClaimedJob } from '@millrace/contracts';
import type { Express } from 'express';
import request from 'supertest';

/** A worker's requests to task-api about one job. Reports return whether they count. */
export interface WorkerCalls {
  /** @param claim default: a new one */
  claim(id: string, pod?: string, claim?: string): Promise<ClaimedJob | undefined>;
  renew(id: string, report: { attempt: number; progress?: object }): Promise<boolean>;
  complete(id: string, report: { attempt: number; result: unknown }): Promise<boolean>;
  fail(
    id: string,
    report: { attempt: number; error: string; permanent?: boolean; broke?: boolean },
  ): Promise<boolean>;
}

/** @param app task-api, or its URL */
export function workerCalls(app: () => Express | string): WorkerCalls {
  const post = (path: string, body: object) => request(app()).post(`/internal/jobs/${path}`).send(body);
  const report = async (path: string, one: object & { id: string }) => {
    const { counted } = (await post(path, { reports: [one] }).expect(200)).body as { counted: string[] };
    return counted.includes(one.id);
  };
  return {
    async claim(id, pod = 'worker-1', claim = randomUUID()) {
      const answer = await post('claims', { pod, claims: [{ id, claim }] }).expect(200);
      return (answer.body as { jobs: ClaimedJob[] }).jobs[0];
    },
    renew: (id, renewal) => report('renewals', { id, ...renewal }),
    complete: (id, completion) => report('completions', { id, ...completion }),
    async fail(id, failure) {
      const { status } = await post(`${id}/fail`, failure);
      if (status !== 204 && status !== 409) throw new Error(`answered ${status}`);
      return status === 204;
    },
  };
}
