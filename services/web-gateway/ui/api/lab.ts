import type { LabEvent, LabRunQuery } from '@millrace/contracts';
import { unreadable } from './failure.js';
import { failureOf, queryOf, reach } from './http.js';

/** A line of a run has a few hundred characters. */
const LONGEST_LINE = 64 * 1024;

/** Starts a run and reports each event as it comes. Resolves when the run ends. @throws Failure */
export async function runLab(
  settings: LabRunQuery,
  image: Blob,
  onEvent: (event: LabEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const response = await reach('/lab/runs' + queryOf({ ...settings }), {
    method: 'POST',
    headers: { 'Content-Type': image.type },
    body: image,
    signal,
  });
  if (!response.ok || !response.body) throw await failureOf(response);

  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value = '' } = await reader.read();
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_LINE) {
      await reader.cancel();
      throw unreadable();
    }
    for (const line of lines) onEvent(JSON.parse(line) as LabEvent);
  }
}
