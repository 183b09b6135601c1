import type * as TracingPackage from '@millrace/tracing';
import type { Logger } from '../process/log/logger.js';
import { useTracing } from './spans.js';

/** Part of the time that a process has to stop: a collector that is down does not delay the shutdown. */
const LAST_EXPORT_MS = 2_000;

/**
 * Turns tracing on when the environment names a collector (OTEL_EXPORTER_OTLP_ENDPOINT). Only then is OpenTelemetry's SDK loaded.
 *
 * @returns a function that exports the remaining spans and turns tracing off; undefined when it stays off
 */
export function startTracing(
  logger: Logger,
  environment: NodeJS.ProcessEnv = process.env,
): (() => Promise<void>) | undefined {
  if (!isWanted(environment)) return undefined;
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it always
  const { createTracing } = require('@millrace/tracing') as typeof TracingPackage;
  const { service, pod } = logger.bindings() as { service: string; pod: string };
  const tracing = createTracing({
    service,
    pod,
    onFailure: (error) => logger.warn({ err: error }, 'spans could not be exported'),
  });
  useTracing(tracing);
  return async () => {
    useTracing(undefined);
    await tracing.stop(LAST_EXPORT_MS);
  };
}

function isWanted(environment: NodeJS.ProcessEnv): boolean {
  const { OTEL_SDK_DISABLED, OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT } = environment;
  if (OTEL_SDK_DISABLED?.toLowerCase() === 'true') return false;
  return Boolean(OTEL_EXPORTER_OTLP_ENDPOINT || OTEL_EXPORTER_OTLP_TRACES_ENDPOINT);
}
