import type { RequestHandler } from 'express';
import { HttpProblem } from './problem.js';

/**
 * The last handler of a `router.route(path)`: answers 405 with the route's own methods in Allow (RFC 9110, 15.5.6),
 * and OPTIONS with 204.
 *
 *     router.route('/tasks').get(list).post(jsonBody, create).all(methodNotAllowed);
 */
export const methodNotAllowed: RequestHandler = (req, res) => {
  // The types of Express do not show it, but a route knows its methods: { get: true, post: true, _all: true }.
  const { methods } = req.route as { methods: Record<string, boolean> };
  const names = Object.keys(methods).filter((name) => !name.startsWith('_'));
  const allow = [...names, ...(methods['get'] ? ['head'] : []), 'options']
    .map((name) => name.toUpperCase())
    .join(', ');
  if (req.method === 'OPTIONS') {
    res.status(204).set('Allow', allow).end();
    return;
  }
  throw new HttpProblem(405, `${req.method} is not allowed here. Allowed: ${allow}.`, {
    headers: { Allow: allow },
  });
};
