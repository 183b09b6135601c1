import {
  HttpProblem,
  jsonBody,
  methodNotAllowed,
  parseBody,
  parseQuery,
  sendList,
} from '@millrace/chassis/http';
import { pageQuerySchema, registerUserSchema } from '@millrace/contracts';
import { Router } from 'express';
import type { UserStore } from './user-store.js';

/** POST /user/register, GET /user/users */
export function userRoutes(users: UserStore): Router {
  const router = Router();

  router
    .route('/user/register')
    .post(jsonBody, async (req, res) => {
      const user = await users.register(parseBody(registerUserSchema, req.body));
      if (!user) throw new HttpProblem(409, 'A user with this email address is already registered.');
      res.status(201).json(user);
    })
    .all(methodNotAllowed);

  router
    .route('/user/users')
    .get(async (req, res) => {
      sendList(req, res, await users.list(parseQuery(pageQuerySchema, req.query)));
    })
    .all(methodNotAllowed);

  return router;
}
