import express, { Router } from 'express';
import helmet from 'helmet';
import request from 'supertest';
import { basics } from '../../../../tests/support/service-basics.js';
import { createHttpApp } from './app.js';
import { sendPage } from './answer/html-page.js';
import { HELMET_OPTIONS, SECURITY_HEADERS } from './security-headers.js';

const routes = Router();
routes.get('/data', (_req, res) => void res.json({}));
routes.get('/page', (_req, res) => {
  sendPage(res, { title: 'Page', body: '', pod: 'a-1' });
});
const app = createHttpApp({ ...basics('a-1'), service: 'a', routes: [routes] });

it.each(['/data', '/nothing', '/livez'])('are those of helmet on every response: %s', async (path) => {
  const plain = express().disable('x-powered-by');
  plain.use(helmet(HELMET_OPTIONS), (_req, res) => void res.json({}));
  const expected = Object.entries((await request(plain).get('/')).headers).filter(
    ([name]) => name.startsWith('x-') || /policy|security|origin/.test(name),
  );
  expect(expected).toHaveLength(SECURITY_HEADERS.length);
  expect((await request(app).get(path)).headers).toMatchObject(Object.fromEntries(expected));
});

it('can be set by a page', async () => {
  const { headers } = await request(app).get('/page').expect(200);
  expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/);
  expect(headers['x-frame-options']).toBe('DENY');
});
