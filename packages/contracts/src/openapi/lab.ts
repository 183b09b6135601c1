import { z } from 'zod';
import { imageTypeSchema } from '../images.js';
import { type LabEvent, labRunQuerySchema } from '../lab.js';
import { BASE_URL } from './examples.js';
import { problem, problems } from './answers.js';
import { curl, type Operation } from './operation.js';

const lines: LabEvent[] = [
  { event: 'begun', request: 1, at_ms: 3 },
  {
    event: 'done',
    request: 1,
    sent_ms: 1,
    begun_ms: 3,
    ended_ms: 2011,
    status: 200,
    pod: 'blur-worker-1',
    error: null,
  },
  { event: 'end', ms: 2011 },
];

export const labOperations: Operation[] = [
  {
    method: 'post',
    path: '/lab/runs',
    operationId: 'runLab',
    tags: ['Images'],
    summary: 'Measure how an effect scales',
    description:
      'Sends one image to an effect’s workers many times, as uploads do, without storing the results. The response streams a line of JSON per event: `begun` when a worker takes a request, `done` when it is over, and `end` at the end of the run. Failed requests are reported with their status. A replica does one run at a time, and stops it when the client disconnects. Where the lab is turned off (`LAB_RUN_LIMIT=0`), the response is 404.',
    request: {
      query: labRunQuerySchema,
      body: {
        required: true,
        content: Object.fromEntries(
          imageTypeSchema.options.map((type) => [type, { schema: z.string().meta({ format: 'binary' }) }]),
        ),
      },
    },
    responses: {
      200: {
        description: 'The events.',
        content: {
          'application/x-ndjson': {
            schema: z.string(),
            example: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
          },
        },
      },
      ...problems(400, 413, 503),
      415: problem(415, 'The body is not a supported image.', {
        detail: `The body is image/gif, which is not supported. Send one of: ${imageTypeSchema.options.join(', ')}.`,
      }),
    },
    ...curl(`curl -N -H "Content-Type: image/jpeg" --data-binary @photo.jpg \\
  "${BASE_URL}/lab/runs?effect=blur&requests=8&concurrency=8"`),
  },
];
