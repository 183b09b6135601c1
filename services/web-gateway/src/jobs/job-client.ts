import type { ServiceClient, ServiceRequest } from '@millrace/chassis/calls';
import {
  type AcceptedJob,
  acceptedJobSchema,
  type Effect,
  IDEMPOTENCY_KEY,
  type ImageType,
  type Scheduling,
} from '@millrace/contracts';

/** An image of 20 MiB takes PostgreSQL longer than a line of text. */
const IMAGE_TIMEOUT_MS = 15_000;

/** The requests that hand a job to task-api, the only producer of queued work. */
export interface JobClient {
  analyze(text: string, scheduling: Scheduling): Handover;
  image(image: { type: ImageType; bytes: Buffer }, effects: Effect[], scheduling: Scheduling): Handover;
}

/** @param key identifies the job: whichever replica the request is repeated at, it creates one job */
export type Handover = (key: string) => Promise<AcceptedJob>;

export function createJobClient(taskApi: ServiceClient): JobClient {
  const send = (request: Omit<ServiceRequest, 'method'>): Handover => {
    return async (key) => {
      const response = await taskApi.request({
        ...request,
        method: 'POST',
        headers: { ...request.headers, [IDEMPOTENCY_KEY]: key },
        idempotent: true,
      });
      return acceptedJobSchema.parse(JSON.parse(response.body.toString()));
    };
  };

  return {
    analyze: (text, scheduling) =>
      send({
        path: '/internal/jobs/analyze',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ text, ...scheduling }),
      }),
    image: ({ type, bytes }, effects, scheduling) =>
      send({
        path: `/internal/jobs/image?${new URLSearchParams({ ...scheduling, effects: effects.join() }).toString()}`,
        headers: { 'Content-Type': type },
        body: bytes,
        timeoutMs: IMAGE_TIMEOUT_MS,
      }),
  };
}
