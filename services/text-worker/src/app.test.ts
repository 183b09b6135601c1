import request from 'supertest';
import { basics } from '../../../tests/support/service-basics.js';
import { createApp } from './app.js';

const app = createApp(basics('text-worker-test'));

const process = (text: unknown) => request(app).post('/process').send({ text });

describe('POST /process', () => {
  it('answers the documented example', async () => {
    const response = await process('Hello, how are you?').expect(200);
    expect(response.body).toEqual({ word_count: 4, reversed_text: '?uoy era woh ,olleH' });
    expect(response.get('x-served-by')).toBe('text-worker-test');
  });

  it.each([
    ['the empty text', '', 0, ''],
    ['white space alone', ' \t\n', 0, '\n\t '],
    [
      'Unicode white space between words',
      'one\u00a0two\u3000three\u2028four',
      4,
      'ruof\u2028eerht\u3000owt\u00a0eno',
    ],
    ['an emoji family and a flag', 'a👨‍👩‍👧b🇨🇭', 1, '🇨🇭b👨‍👩‍👧a'],
    ['combining accents', 'e\u0301a', 1, 'ae\u0301'],
    ['a Windows line end', 'a\r\nb', 2, 'b\r\na'],
  ])('counts and reverses %s', async (_case, text, wordCount, reversed) => {
    const response = await process(text).expect(200);
    expect(response.body).toEqual({ word_count: wordCount, reversed_text: reversed });
  });

  it.each([
    ['a number', 7],
    ['null', null],
    ['a NUL character', 'a\u0000b'],
    ['100,001 characters', 'x'.repeat(100_001)],
  ])('answers 422 to %s', async (_case, text) => {
    const response = await process(text).expect(422);
    expect(response.body.errors[0].path).toBe('text');
  });

  it('answers 422 to a lone surrogate', async () => {
    const body = String.raw`{"text":"\ud800"}`;
    await request(app).post('/process').set('Content-Type', 'application/json').send(body).expect(422);
  });
});
