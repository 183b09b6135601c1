import { z } from 'zod';
import { effectsSchema, imageTypeSchema, uploadResponseSchema } from '../images.js';
import { acceptedJobSchema, asyncQuerySchema } from '../jobs.js';
import { BASE_URL, IMAGE_ID, IMAGE_JOB_ID, jobUrl, processedImage } from './examples.js';
import {
  bodyProblems,
  curl,
  headers,
  idempotencyHeader,
  located,
  type Operation,
  problem,
  problems,
} from './operation.js';

const uploadForm = z.strictObject({
  file: z.string().meta({
    description: `The picture: ${imageTypeSchema.options.join(', ')}, whatever its part is called; at most 20 MiB, 50 megapixels and 65,535 pixels a side.`,
    format: 'binary',
  }),
  effects: effectsSchema,
});

const accepted = { id: IMAGE_JOB_ID, kind: 'image', status: 'queued', status_url: jobUrl(IMAGE_JOB_ID) };

const bytes = Object.fromEntries(imageTypeSchema.options.map((type) => [type, {}]));
const kept = {
  ETag: '"4fQOcRxQvRgMGMC1QCJxVhvPnIWbJnCUTWNhKjYoN2A"',
  'Cache-Control': 'public, max-age=86400, immutable',
};

export const imageOperations: Operation[] = [
  {
    method: 'post',
    path: '/upload',
    operationId: 'uploadImage',
    tags: ['Images'],
    summary: 'Apply effects to a picture',
    description:
      'The picture is turned upright as its EXIF data ask for, and loses all metadata. An animation (WebP, APNG) gives its first frame, and `frames` says so. What every viewer shows is taken, a picture that is damaged or cut off is not. Fewer pixels are possible where coding takes more memory: 37 megapixels in an interlaced PNG of 16 bits with transparency, 22 in a WebP with transparency. `Idempotency-Key`, `priority` and `run_at` are for `async=true`.',
    request: {
      query: asyncQuerySchema,
      headers: idempotencyHeader,
      body: { required: true, content: { 'multipart/form-data': { schema: uploadForm } } },
    },
    responses: {
      201: located('Done.', uploadResponseSchema, processedImage, processedImage.view_url),
      202: located(
        'With `async=true`: accepted, it will be done.',
        acceptedJobSchema,
        accepted,
        accepted.status_url,
      ),
      ...bodyProblems,
      400: problem(400, 'The query or the form itself is malformed.'),
      413: problem(413, 'The file is too large.', { detail: 'The file is larger than 20.0 MiB.' }),
      415: problem(415, 'This is no multipart form, or the file is no picture of a type that is taken.', {
        detail: `The file is image/heic, not an image of a type that is taken: ${imageTypeSchema.options.join(', ')}.`,
      }),
      422: problem(422, 'A part is missing or wrong, or the picture cannot be read; `errors` says where.', {
        detail: 'The form has no file.',
        errors: [{ path: 'file', message: 'is missing' }],
      }),
    },
    ...curl(
      `curl -X POST -F "file=@photo.jpg" -F "effects=bw,blur" ${BASE_URL}/upload`,
      `curl -X POST -F "file=@photo.jpg" -F "effects=bw,blur" "${BASE_URL}/upload?async=true"`,
    ),
  },
  {
    method: 'get',
    path: '/image/{id}',
    operationId: 'getImage',
    tags: ['Images'],
    summary: 'Get a finished picture',
    description: 'In the type that it was uploaded in. An id is never given to another picture.',
    request: {
      params: z.object({ id: z.uuid().meta({ description: 'The picture’s id.', example: IMAGE_ID }) }),
      headers: z.object({
        'If-None-Match': z
          .string()
          .optional()
          .meta({ description: 'The `ETag` that the client has already.' }),
        Range: z
          .string()
          .optional()
          .meta({ description: 'The part that is wanted.', example: 'bytes=0-1023' }),
        'If-Range': z
          .string()
          .optional()
          .meta({ description: 'The `ETag` that the part is to be of; else the whole is sent.' }),
      }),
    },
    responses: {
      200: {
        description: 'The picture.',
        headers: headers({ ...kept, 'Accept-Ranges': 'bytes' }),
        content: bytes,
      },
      206: {
        description: 'The part of it.',
        headers: headers({ ...kept, 'Content-Range': 'bytes 0-1023/20480' }),
        content: bytes,
      },
      304: { description: 'The client has it already.', headers: headers(kept) },
      ...problems(400, 503),
      404: problem(
        404,
        'There is no image with this id; images are kept for a limited time, or until room is needed.',
      ),
      416: problem(416, 'The part lies outside the picture.', { detail: 'The image has 20480 bytes.' }),
    },
    ...curl(`curl -o result.jpg ${BASE_URL}/image/${IMAGE_ID}`),
  },
];
