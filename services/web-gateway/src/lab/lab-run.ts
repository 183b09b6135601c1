import { HttpProblem } from '@millrace/chassis/http';
import { currentSignal, withTimeout } from '@millrace/chassis/process';
import type { ImageType, LabEvent, LabRequest, LabRunQuery } from '@millrace/contracts';
import { applyEffects, type EffectWorkers } from '@millrace/workflows';

export interface LabRun extends LabRunQuery {
  image: { type: ImageType; bytes: Buffer };
}

/**
 * Applies an effect to the same image many times, as uploads do, and reports each request. Returns early when the current signal aborts.
 */
export async function runLab(
  { image, effect, requests, concurrency }: LabRun,
  workers: EffectWorkers,
  tell: (event: LabEvent) => void,
): Promise<void> {
  const signal = currentSignal();
  const begun = performance.now();
  const now = () => Math.round(performance.now() - begun);
  let sent = 0;

  const sendOne = async (request: number): Promise<LabRequest> => {
    const done: LabRequest = {
      event: 'done',
      request,
      sent_ms: now(),
      begun_ms: null,
      ended_ms: 0,
      status: 200,
      pod: null,
      error: null,
    };
    const onBegin = () => {
      done.begun_ms = now();
      tell({ event: 'begun', request, at_ms: done.begun_ms });
    };
    try {
      const { hops } = await withTimeout(workers.timeoutMs, () =>
        applyEffects(image, [effect], workers, { onBegin }),
      );
      done.pod = hops[0]!.pod;
    } catch (error) {
      if (!(error instanceof HttpProblem)) throw error;
      done.status = error.status;
      done.error = error.message;
    }
    return { ...done, ended_ms: now() };
  };
  const sendInTurn = async () => {
    while (sent < requests) tell(await sendOne((sent += 1)));
  };

  try {
    await Promise.all(Array.from({ length: Math.min(concurrency, requests) }, sendInTurn));
    tell({ event: 'end', ms: now() });
  } catch (error) {
    // Running requests fail with it.
    if (!signal?.aborted) throw error;
  }
}
