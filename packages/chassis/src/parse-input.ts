import type { InputError } from '@millrace/contracts';
import type { Request } from 'express';
import { z } from 'zod';
import { HttpProblem } from './http-problem.js';

/** Checks a JSON body (or the fields of a form). @throws HttpProblem 422 listing everything that is wrong with it */
export function parseBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  if (body === undefined) throw new HttpProblem(400, 'The request has no body. Send a JSON object.');
  return parse(schema, body, 422, 'The body does not have the expected form.');
}

/** Checks a query string. @throws HttpProblem 400 */
export function parseQuery<Schema extends z.ZodType>(schema: Schema, query: unknown): z.infer<Schema> {
  return parse(schema, query, 400, 'The query string does not have the expected form.');
}

/** Checks one path parameter. @throws HttpProblem 400 */
export function parseParam<Schema extends z.ZodType>(
  schema: Schema,
  name: string,
  value: unknown,
): z.infer<Schema> {
  return parse(schema, value, 400, `The path does not have the expected form.`, name);
}

/** Checks one header. @throws HttpProblem 400 that names it */
export function parseHeader<Schema extends z.ZodType>(
  schema: Schema,
  name: string,
  value: unknown,
): z.infer<Schema> {
  return parse(schema, value, 400, `The header ${name} does not have the expected form.`, name);
}

/** The UUID at `:id` in the path. @throws HttpProblem 400 */
export function idOf(req: Request): string {
  return parseParam(z.uuid('must be a UUID'), 'id', req.params['id']);
}

function parse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  status: number,
  detail: string,
  root = '',
): z.infer<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.flatMap((issue) => toInputErrors(issue, root ? [root] : []));
  throw new HttpProblem(status, detail, { errors });
}

function toInputErrors(issue: z.core.$ZodIssue, root: PropertyKey[]): InputError[] {
  const path = [...root, ...issue.path];
  // One line each, at the field itself.
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: 'is not known here' }));
  }
  return [{ path: path.join('.'), message: issue.message }];
}
