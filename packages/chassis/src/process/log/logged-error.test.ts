import { loggedError } from './logged-error.js';

const hung = (message: string, details: object, options?: ErrorOptions) =>
  Object.assign(new Error(message, options), details);

it('writes what kind of error it is, and where it was thrown', () => {
  expect(loggedError(new TypeError('broken'))).toEqual({
    type: 'TypeError',
    message: 'broken',
    stack: expect.stringContaining('logged-error.test') as string,
  });
});

it('writes its causes, but not without end', () => {
  const error = new Error('first');
  error.cause = new Error('second', { cause: error });
  const text = JSON.stringify(loggedError(error));
  expect(text).toContain('second');
  expect(text.match(/"cause"/g)).toHaveLength(4);
});

it('writes only the beginning of a very long message', () => {
  const { message, stack } = loggedError(new Error('x'.repeat(1_000_000))) as {
    message: string;
    stack: string;
  };
  expect(message).toMatch(/^x{2000}…$/);
  expect(stack.length).toBeLessThan(10_000);
});

it('leaves a value that is not an error unchanged', () => {
  expect(loggedError('why')).toBe('why');
});

it.each([
  [
    'the row that PostgreSQL names',
    hung('duplicate key value violates unique constraint "users_email_key"', {
      code: '23505',
      constraint: 'users_email_key',
      detail: 'Key (email)=(secret@example.com) already exists.',
      where: 'secret',
    }),
    {
      code: '23505',
      constraint: 'users_email_key',
      message: expect.stringContaining('users_email_key') as string,
    },
  ],
  [
    'a value that PostgreSQL cannot read',
    hung('invalid input syntax for type integer: "secret"', { code: '22P02' }),
    { code: '22P02', message: 'invalid input syntax for type integer: "…"' },
  ],
  [
    'the arguments of a Redis command',
    hung('WRONGTYPE', { command: { name: 'set', args: ['secret'] } }),
    { message: 'WRONGTYPE' },
  ],
  [
    'text that is not JSON',
    (() => {
      try {
        return JSON.parse('secret') as Error;
      } catch (error) {
        return error as Error;
      }
    })(),
    { type: 'SyntaxError' },
  ],
  [
    'the same in a cause',
    hung('failed', {}, { cause: hung('invalid "secret"', { code: '22023', detail: 'secret' }) }),
    { message: 'failed', cause: expect.objectContaining({ code: '22023' }) as object },
  ],
])('leaves out %s', (_what, error, expected) => {
  const logged = loggedError(error);
  expect(logged).toMatchObject(expected);
  expect(JSON.stringify(logged)).not.toContain('secret');
});
