import { z } from 'zod';
import { effectsSchema, imageTypeSchema, uploadResponseSchema } from '../images.js';
import { acceptedJobSchema, asyncQuerySchema } from '../jobs.js';
import { BASE_URL, IMAGE_ID, IMAGE_JOB_ID, jobUrl, processedImage } from './examples.js';
import { bodyProblems, headers, located, problem, problems } from './answers.js';
import { curl, type Operation } from './operation.js';
import { idempotencyHeader } from './requests.js';

const uploadForm = z.strictObject({
  file: z.string().meta({
    description: `The image: ${imageTypeSchema.options.join(', ')}, regardless of its file name; at most 20 MiB, 50 megapixels and 65,535 pixels per side.`,
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
    summary: 'Apply effects to an image',
    description:
      'The image is rotated according to its EXIF data, and all metadata is removed. Only the first frame of an animation (WebP, APNG) is used, and `frames` says so. Any file that every viewer shows is accepted; damaged or truncated ones are not. The pixel limit is lower for formats that take more memory to decode: 37 megapixels for an interlaced 16-bit PNG with transparency, 22 for a WebP with transparency. `Idempotency-Key`, `priority` and `run_at` require `async=true`.',
    request: {
      query: asyncQuerySchema,
      headers: idempotencyHeader,
      body: { required: true, content: { 'multipart/form-data': { schema: uploadForm } } },
    },
    responses: {
      201: located('Done.', uploadResponseSchema, processedImage, processedImage.view_url),
      202: located(
        'With `async=true`: accepted. It will be completed.',
        acceptedJobSchema,
        accepted,
        accepted.status_url,
      ),
      ...bodyProblems,
      400: problem(400, 'The query or the form itself is malformed.'),
      413: problem(413, 'The file is too large.', { detail: 'The file is larger than 20.0 MiB.' }),
      415: problem(415, 'The body is not a multipart form, or the file is not a supported image.', {
        detail: `The file is image/heic, which is not supported. Send one of: ${imageTypeSchema.options.join(', ')}.`,
      }),
      422: problem(422, 'A part is missing or invalid, or the image cannot be read; `errors` says where.', {
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
    summary: 'Get a finished image',
    description: 'In the format of the upload. Ids are never reused.',
    request: {
      params: z.object({ id: z.uuid().meta({ description: 'The image’s id.', example: IMAGE_ID }) }),
      headers: z.object({
        'If-None-Match': z
          .string()
          .optional()
          .meta({ description: 'The `ETag` of the version that the client has.' }),
        Range: z.string().optional().meta({ description: 'The requested part.', example: 'bytes=0-1023' }),
        'If-Range': z.string().optional().meta({
          description: 'Send the part only if the image still has this `ETag`, otherwise all of it.',
        }),
      }),
    },
    responses: {
      200: {
        description: 'The image.',
        headers: headers({ ...kept, 'Accept-Ranges': 'bytes' }),
        content: bytes,
      },
      206: {
        description: 'The requested part.',
        headers: headers({ ...kept, 'Content-Range': 'bytes 0-1023/20480' }),
        content: bytes,
      },
      304: { description: 'The client’s version is current.', headers: headers(kept) },
      ...problems(400, 503),
      404: problem(
        404,
        'There is no image with this id. Images are kept for a limited time, or until the space is needed.',
      ),
      416: problem(416, 'The range is outside the image.', { detail: 'The image has 20480 bytes.' }),
    },
    ...curl(`curl -o result.jpg ${BASE_URL}/image/${IMAGE_ID}`),
  },
];
