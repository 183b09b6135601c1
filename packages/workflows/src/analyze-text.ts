import { BREAKS_LIMIT } from './effect-workers.js';
import type { ServiceClient } from '@millrace/chassis/service-client';
import { type AnalyzeResponse, textResultSchema } from '@millrace/contracts';

/** Has text-worker count and reverse the text, and puts the result into words. */
export async function analyzeText(
  text: string,
  textWorker: ServiceClient,
  breaksLimit = BREAKS_LIMIT,
): Promise<AnalyzeResponse> {
  const response = await textWorker.request({
    method: 'POST',
    path: '/process',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ text }),
    idempotent: true,
    breaksLimit,
  });
  const { word_count, reversed_text } = textResultSchema.parse(JSON.parse(response.body.toString()));
  return { processed_text: `Word Count: ${word_count} | Reverse: ${reversed_text}` };
}
