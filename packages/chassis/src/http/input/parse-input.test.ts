import { problemSchema } from '@millrace/contracts';
import type { Request } from 'express';
import { z } from 'zod';
import { HttpProblem } from '../problem.js';
import { idOf, parseBody, parseQuery } from './parse-input.js';

const schema = z.strictObject({ list: z.array(z.enum(['a', 'b'])).optional(), name: z.string().optional() });

function refusal(parse: () => unknown): HttpProblem {
  try {
    parse();
  } catch (error) {
    if (error instanceof HttpProblem) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

const errorsOf = (body: unknown) => refusal(() => parseBody(schema, body)).errors!;

it('lists what is wrong, each at its place', () => {
  expect(errorsOf({ list: ['a', 'c'], name: 7, colour: 'red' })).toEqual([
    { path: 'list.1', message: expect.any(String) },
    { path: 'name', message: expect.any(String) },
    { path: 'colour', message: 'unknown field' },
  ]);
});

const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 1]));

it.each([
  ['20 unknown fields', many(20), 20, ''],
  ['21 unknown fields', many(21), 20, ' Errors not listed: 1.'],
  ['60,000 unknown fields', many(60_000), 20, ' Errors not listed: 59980.'],
  ['a list with 50,000 errors', { list: Array(50_000).fill('c') }, 20, ' Errors not listed: 49980.'],
])('answers shortly to %s', (_what, body, listed, more) => {
  const { errors, message, status } = refusal(() => parseBody(schema, body));
  expect({ status, message }).toEqual({
    status: 422,
    message: `The request body is invalid.${more}`,
  });
  expect(errors).toHaveLength(listed);
});

it.each([
  ['a field’s name of 400,000 characters', { ['x'.repeat(400_000)]: 1 }],
  ['a field’s name that would be cut within a character', { [`x${'😀'.repeat(1_000)}`]: 1 }],
  ['a message of 10,000 characters', {}],
])('cuts %s', (_what, body) => {
  const wordy = schema.refine(() => false, { error: 'y'.repeat(10_000), when: () => true });
  const { errors } = refusal(() => parseBody(wordy, body));
  for (const { path, message } of errors!) {
    expect(path.length).toBeLessThanOrEqual(200);
    expect(path.isWellFormed()).toBe(true);
    expect(message.length).toBeLessThanOrEqual(500);
  }
  expect(problemSchema.shape.errors.safeParse(errors).success).toBe(true);
});

it('does the same for a query', () => {
  const { status, errors } = refusal(() => parseQuery(schema, many(1_000)));
  expect(status).toBe(400);
  expect(errors).toHaveLength(20);
});

it('takes an id in capitals for the same id', () => {
  const id = '01997a4e-6a3f-7c3d-9b1e-0123456789ab';
  expect(idOf({ params: { id: id.toUpperCase() } } as unknown as Request)).toBe(id);
  expect(refusal(() => idOf({ params: { id: `${id}0` } } as unknown as Request)).status).toBe(400);
});
