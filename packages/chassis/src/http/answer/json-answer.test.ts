import express, { type RequestHandler, Router } from 'express';
import request from 'supertest';
import { basics } from '../../../../../tests/support/service-basics.js';
import { createHttpApp } from '../app.js';

const answers: Record<string, RequestHandler> = {
  object: (_req, res) => void res.json({ text: 'Grüße, 水', list: [1, null, undefined], at: new Date(0) }),
  null: (_req, res) => void res.json(null),
  nothing: (_req, res) => void res.json(undefined),
  long: (_req, res) => void res.json('水'.repeat(1_000)),
  status: (_req, res) => void res.status(422).json([]),
  empty: (_req, res) => void res.status(204).json({}),
  reset: (_req, res) => void res.status(205).json({}),
  type: (_req, res) => void res.type('application/problem+json').json({}),
  tagged: (_req, res) => void res.set('ETag', '"1"').json({}),
  dated: (_req, res) => void res.set('Last-Modified', new Date(0).toUTCString()).json({}),
};
const routes = Router();
for (const [name, answer] of Object.entries(answers)) routes.all(`/${name}`, answer);
const own = createHttpApp({ ...basics('a-1'), service: 'a', routes: [routes] });
const plain = express().disable('etag').use(routes);

const conditions = { 'If-None-Match': '"1"', 'If-Modified-Since': new Date().toUTCString() };

describe.each(Object.keys(answers))('the answer with %s', (name) => {
  it.each([
    ['GET', {}],
    ['GET', { 'If-None-Match': conditions['If-None-Match'] }],
    ['GET', { 'If-None-Match': '*' }],
    ['GET', { 'If-Modified-Since': conditions['If-Modified-Since'] }],
    ['POST', {}],
    ['HEAD', {}],
  ] as const)('is that of Express to %s %j', async (method, headers) => {
    const ask = async (app: express.Express) => {
      const response = await request(app)[method.toLowerCase() as 'get'](`/${name}`).set(headers);
      const { 'content-type': type, 'content-length': length, etag } = response.headers;
      return { status: response.status, type, length, etag, text: response.text };
    };
    expect(await ask(own)).toEqual(await ask(plain));
  });
});
