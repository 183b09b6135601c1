import type { ServiceClient } from '@millrace/chassis/calls';
import { type AnalyzeResponse, textResultSchema } from '@millrace/contracts';
import { BREAKS_LIMIT } from './effect-workers.js';

/** Has text-worker count the words and reverse the text, and formats the result as a sentence. */
export async function analyzeText(
  text: string,
  textWorker: ServiceClient,
  breaksLimit = BREAKS_LIMIT,
): Promise<AnalyzeResponse> {
  const analysis = await analyzeJson(Buffer.from(JSON.stringify({ text })), textWorker, breaksLimit);
  return JSON.parse(analysis.toString()) as AnalyzeResponse;
}

/**
 * `analyzeText` for callers that have JSON and want JSON: the text, which may be long, is passed through unchanged.
 *
 * @param request `{"text": …}`, validated
 * @returns an AnalyzeResponse
 */
export async function analyzeJson(
  request: Buffer,
  textWorker: ServiceClient,
  breaksLimit = BREAKS_LIMIT,
): Promise<Buffer> {
  const { body } = await textWorker.request({
    method: 'POST',
    path: '/process',
    headers: { 'Content-Type': 'application/json' },
    body: request,
    idempotent: true,
    breaksLimit,
  });
  return inWords(body);
}

/** What text-worker returns: a TextResult, with the long field last. */
const RESULT_START = /^\{"word_count":(\d+),"reversed_text":"/;
const RESULT_END = Buffer.from('"}');

function inWords(result: Buffer): Buffer {
  const [start, count] = RESULT_START.exec(result.toString('latin1', 0, 64)) ?? [];
  if (start !== undefined && result.subarray(-RESULT_END.length).equals(RESULT_END)) {
    return Buffer.concat([
      Buffer.from(`{"processed_text":"Word Count: ${count} | Reverse: `),
      result.subarray(start.length),
    ]);
  }
  // It was serialized differently.
  const { word_count, reversed_text } = textResultSchema.parse(JSON.parse(result.toString()));
  return Buffer.from(
    JSON.stringify({ processed_text: `Word Count: ${word_count} | Reverse: ${reversed_text}` }),
  );
}
