import { acceptedJobSchema, analyzeResponseSchema, jobSchema, TEXT_MAX } from '@millrace/contracts';
import { expectProblem, send } from './client.js';
import { until } from '../support/until.js';

/** JSON as many clients write it: in ASCII. */
const toAscii = (value: unknown) =>
  JSON.stringify(value).replace(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

describe.each([
  ['control characters', '\u0001', JSON.stringify],
  ['Chinese characters, in UTF-8', '水', JSON.stringify],
  ['Chinese characters, in ASCII', '水', toAscii],
  ['emoji', '😀', JSON.stringify],
  ['quotation marks', '"', JSON.stringify],
])('the longest text of %s', (_what, character, write) => {
  const text = character.repeat(TEXT_MAX);
  const expected = { processed_text: `Word Count: 1 | Reverse: ${text}` };
  const analyze = (text: string, query = '') => {
    const headers = { 'Content-Type': 'application/json' };
    return send(`/analyze${query}`, { method: 'POST', headers, body: write({ text }) });
  };

  test('is analyzed at once', async () => {
    const reply = await analyze(text);
    expect(reply.status).toBe(200);
    expect(reply.as(analyzeResponseSchema)).toEqual(expected);
  });

  test('is analyzed as a job', async () => {
    const accepted = await analyze(text, '?async=true');
    expect(accepted.status).toBe(202);
    const { status_url } = accepted.as(acceptedJobSchema);
    const job = await until(`the job at ${status_url} has ended`, async () => {
      const seen = (await send(status_url)).as(jobSchema);
      return ['completed', 'failed'].includes(seen.status) && seen;
    });
    expect({ status: job.status, result: job.result }).toEqual({ status: 'completed', result: expected });
  });

  test('is refused when it is one character longer', async () => {
    expectProblem(await analyze(text + character), 422);
    expectProblem(await analyze(text + character, '?async=true'), 422);
  });
});
