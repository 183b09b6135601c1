import { IncomingMessage, ServerResponse } from 'node:http';
import { Router } from 'express';
import request from 'supertest';
import { basics } from '../../../../../tests/support/service-basics.js';
import { createHttpApp } from '../../http/app.js';
import { createHttpServer } from './http-server.js';

const routes = Router();
routes.get('/class', (req, res) => {
  res.json([req instanceof IncomingMessage, res instanceof ServerResponse, req.get('host') !== undefined]);
});
const app = createHttpApp({ ...basics('a-1'), service: 'a', routes: [routes] });

it('gives request and response the prototypes of Express before Express sees them', async () => {
  const server = createHttpServer(app);
  const seen: boolean[] = [];
  server.prependListener('request', (req, res) => {
    seen.push(Object.getPrototypeOf(req) === app.request, Object.getPrototypeOf(res) === app.response);
  });
  await request(server).get('/class').expect(200, [true, true, true]);
  expect(seen).toEqual([true, true]);
});

it('answers as a plain server does', async () => {
  const own = await request(createHttpServer(app)).get('/class').expect(200);
  // supertest makes a plain server for an app.
  const plain = await request(app).get('/class').expect(200, own.body);
  expect(Object.keys(plain.headers)).toEqual(Object.keys(own.headers));
  const second = await request(createHttpServer(app)).get('/class').expect(200, own.body);
  expect(Object.keys(second.headers)).toEqual(Object.keys(own.headers));
});
