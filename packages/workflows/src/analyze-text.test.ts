import type { ServiceClient } from '@millrace/chassis/calls';
import { analyzeJson, analyzeText } from './analyze-text.js';

const answering = (answer: string) =>
  ({
    name: 'text-worker',
    request: () => Promise.resolve({ status: 200, headers: {}, pod: 'a', body: Buffer.from(answer) }),
  }) as unknown as ServiceClient;
const analyze = async (answer: string) =>
  JSON.parse((await analyzeJson(Buffer.from('{"text":"x"}'), answering(answer))).toString()) as unknown;

it.each([
  ['as text-worker writes it', '{"word_count":2,"reversed_text":"\\"b\\u0007 ä👍"}', '"b\u0007 ä👍'],
  ['with an empty text', '{"word_count":2,"reversed_text":""}', ''],
  ['in another order', '{"reversed_text":"ä","word_count":2}', 'ä'],
  ['with white space', '{ "word_count": 2, "reversed_text": "ä" }', 'ä'],
  ['with more than is known', '{"word_count":2,"reversed_text":"ä","language":7}', 'ä'],
])('describes a result in a sentence %s', async (_case, answer, reversed) => {
  const expected = { processed_text: `Word Count: 2 | Reverse: ${reversed}` };
  expect(await analyze(answer)).toEqual(expected);
  expect(await analyzeText('x', answering(answer))).toEqual(expected);
});

it.each(['', '{"word_count":2,"reversed_text":', '{"word_count":"2","reversed_text":""}', '{}'])(
  'does not accept %j as a result',
  async (answer) => {
    await expect(analyze(answer)).rejects.toThrow();
  },
);
