import {
  INPUT_ERROR_MESSAGE_MAX,
  INPUT_ERROR_PATH_MAX,
  INPUT_ERRORS_MAX,
  type InputError,
} from '@millrace/contracts';
import type { Request } from 'express';
import { z } from 'zod';
import { HttpProblem } from '../problem.js';

/** Checks a JSON body (or the fields of a form). @throws HttpProblem 422 listing everything that is wrong with it */
export function parseBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  if (body === undefined) throw new HttpProblem(400, 'The request has no body. Send a JSON object.');
  return parse(schema, body, 422, 'The request body is invalid.');
}

/** Checks a query string. @throws HttpProblem 400 */
export function parseQuery<Schema extends z.ZodType>(schema: Schema, query: unknown): z.infer<Schema> {
  return parse(schema, query, 400, 'The query string is invalid.');
}

/** Checks one path parameter. @throws HttpProblem 400 */
export function parseParam<Schema extends z.ZodType>(
  schema: Schema,
  name: string,
  value: unknown,
): z.infer<Schema> {
  return parse(schema, value, 400, 'The path is invalid.', name);
}

/** Checks one header. @throws HttpProblem 400 that names it */
export function parseHeader<Schema extends z.ZodType>(
  schema: Schema,
  name: string,
  value: unknown,
): z.infer<Schema> {
  return parse(schema, value, 400, `The header ${name} is invalid.`, name);
}

/** The UUID at `:id` in the path, in lower case: as an id, it means the same in capitals. @throws HttpProblem 400 */
export function idOf(req: Request): string {
  return parseParam(idSchema, 'id', req.params['id']);
}

const idSchema = z.uuid('must be a UUID').toLowerCase();

function parse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  status: number,
  detail: string,
  root = '',
): z.infer<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { issues } = result.error;
  const errors = issues
    .slice(0, INPUT_ERRORS_MAX)
    .flatMap((issue) => toInputErrors(issue, root ? [root] : []))
    .slice(0, INPUT_ERRORS_MAX);
  const count = issues.reduce(
    (sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1),
    0,
  );
  const more = count - errors.length;
  throw new HttpProblem(status, more > 0 ? `${detail} Errors not listed: ${more}.` : detail, {
    errors,
  });
}

function toInputErrors(issue: z.core.$ZodIssue, root: PropertyKey[]): InputError[] {
  const path = [...root, ...issue.path];
  // One line each, at the field itself.
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.slice(0, INPUT_ERRORS_MAX);
    return keys.map((key) => toInputError([...path, key], 'unknown field'));
  }
  return [toInputError(path, issue.message)];
}

function toInputError(path: PropertyKey[], message: string): InputError {
  return {
    path: shorten(path.join('.'), INPUT_ERROR_PATH_MAX),
    message: shorten(message, INPUT_ERROR_MESSAGE_MAX),
  };
}

function shorten(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1).toWellFormed()}…`;
}
