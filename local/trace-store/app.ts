import { createHttpApp, HttpProblem, jsonBodyUpTo, methodNotAllowed, notFound } from '@millrace/chassis/http';
import type { Lifecycle, Logger } from '@millrace/chassis/process';
import { exportRequestSchema } from '@millrace/chassis/traces';
import { type Express, Router } from 'express';
import type { TraceStore } from './store.js';

/** A batch of spans is at most 512, unless OTEL_BSP_MAX_EXPORT_BATCH_SIZE says otherwise: half a megabyte. */
const MAX_BODY_BYTES = 2 * 1024 ** 2;

/**
 * Accepts traces from OTLP exporters, as JSON over HTTP, and returns them as Jaeger does:
 * - `POST /v1/traces` (https://opentelemetry.io/docs/specs/otlp/#otlphttp)
 * - `GET /api/v3/traces/:id` (https://www.jaegertracing.io/docs/latest/architecture/apis/), the spans as they were exported
 */
export function createTraceStoreApp(options: {
  store: TraceStore;
  pod: string;
  lifecycle: Lifecycle;
  logger: Logger;
}): Express {
  const { store, ...basics } = options;
  const router = Router();

  router
    .route('/v1/traces')
    .post(jsonBodyUpTo(MAX_BODY_BYTES), (req, res) => {
      const { data, error } = exportRequestSchema.safeParse(req.body);
      if (!data) {
        const { path, message } = error.issues[0]!;
        throw new HttpProblem(
          400,
          `The body is not a trace export (OTLP in JSON). At ${path.join('.') || 'the top level'}: ${message}.`,
        );
      }
      const refused = store.add(data.resourceSpans);
      res.json(
        refused === 0
          ? {}
          : {
              partialSuccess: {
                rejectedSpans: String(refused),
                errorMessage: 'Their traces have too many spans, or too large ones.',
              },
            },
      );
    })
    .all(methodNotAllowed);

  router
    .route('/api/v3/traces/:id')
    .get((req, res) => {
      const resourceSpans = store.find(req.params.id.toLowerCase());
      if (resourceSpans === undefined) throw notFound('There is no trace with this id.');
      res.type('json').send(`{"result":{"resourceSpans":${resourceSpans}}}`);
    })
    .all(methodNotAllowed);

  return createHttpApp({ ...basics, service: 'trace-store', routes: [router] });
}
