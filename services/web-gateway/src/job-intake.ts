import type { ServiceClient, ServiceRequest } from '@millrace/chassis/service-client';
import {
  type AcceptedJob,
  acceptedJobSchema,
  type Effect,
  IDEMPOTENCY_KEY,
  type ImageType,
  type Scheduling,
} from '@millrace/contracts';
import type { Request, Response } from 'express';

/** A picture of 20 MiB takes PostgreSQL longer than a line of text. */
const IMAGE_TIMEOUT_MS = 15_000;

/** The requests that hand a job to task-api, the one producer of queued work. */
export interface JobIntake {
  analyze(text: string, scheduling: Scheduling): Handover;
  image(image: { type: ImageType; bytes: Buffer }, effects: Effect[], scheduling: Scheduling): Handover;
}

type Handover = (headers: Record<string, string>) => Promise<AcceptedJob>;

export function createJobIntake(taskApi: ServiceClient): JobIntake {
  const send = (request: Omit<ServiceRequest, 'method'>): Handover => {
    return async (headers) => {
      const response = await taskApi.request({
        ...request,
        method: 'POST',
        headers: { ...request.headers, ...headers },
        // With a key, a second replica knows what the first has done.
        idempotent: IDEMPOTENCY_KEY in headers,
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

/** Hands a job over and answers 202 with where it can be followed. */
export async function forwardJob(req: Request, res: Response, handover: Handover): Promise<void> {
  const key = req.get(IDEMPOTENCY_KEY);
  const accepted = await handover(key === undefined ? {} : { [IDEMPOTENCY_KEY]: key });
  res.status(202).location(accepted.status_url).json(accepted);
}
