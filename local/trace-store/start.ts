import { compiledScript } from '../paths.js';
import { freePort } from '../servers/ports.js';
import { systemEnvironment } from '../supervise/environment.js';
import {
  superviseProcess,
  type SupervisedProcess,
  type Surroundings,
} from '../supervise/supervised-process.js';

export type TraceStoreServer = {
  url: string;
  /** The settings that make services send their spans there and show them. */
  settings: Record<string, string>;
  process: SupervisedProcess;
};

const NAME = 'trace-store';
/** The spans take at most 64 MB; the rest is for incoming batches. */
const HEAP_MB = 192;
/** People look at the trace of what they have just done. */
const EXPORT_DELAY_MS = 500;

/**
 * Starts the trace store on a free port of 127.0.0.1. It is not awaited: until it runs, spans are retried or lost.
 *
 * @returns undefined when the shell says where spans go
 */
export async function startTraceStore(
  surroundings: Surroundings,
  shell: NodeJS.ProcessEnv = globalThis.process.env,
): Promise<TraceStoreServer | undefined> {
  if (shell.OTEL_EXPORTER_OTLP_ENDPOINT || shell.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) return undefined;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const process = superviseProcess(
    {
      name: NAME,
      command: globalThis.process.execPath,
      args: [`--max-old-space-size=${HEAP_MB}`, compiledScript('trace-store/main')],
      env: {
        ...systemEnvironment(),
        PORT: String(port),
        HOST: '127.0.0.1',
        POD_NAME: NAME,
        LOG_LEVEL: 'warn',
        SHUTDOWN_DRAIN_MS: '0',
      },
    },
    surroundings,
  );
  const settings = {
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_BSP_SCHEDULE_DELAY: String(EXPORT_DELAY_MS),
    TRACES_URL: url,
  };
  return { url, settings, process };
}
