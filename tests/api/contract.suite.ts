import { createOpenApiDocument } from '@millrace/contracts/openapi';
import { send } from './client.js';
import { checkAnswer, type DescribedOperation, operationsOf } from './described-answers.js';
import { isLocal } from './endpoint.js';
import { makeThings, type Provoke, provocations } from './provocations.js';

const operations = operationsOf(createOpenApiDocument());
const ownName = ({ operationId }: DescribedOperation) => operationId.replace(/Alias$/, '');
/** What Nginx refuses, whatever is asked for. */
const refusals = ({ method, responses }: DescribedOperation): Record<string, Provoke> => {
  const sendWith = (headers: Record<string, string>) => (path: string) =>
    send(path, { method: method.toUpperCase(), headers });
  return {
    ...('403' in responses && { 403: sendWith({ 'Sec-Fetch-Site': 'cross-site' }) }),
    421: sendWith({ Host: 'elsewhere.example' }),
  };
};
const cases = operations.flatMap((operation) =>
  Object.entries({ ...refusals(operation), ...provocations[ownName(operation)] }).map(
    ([status, provoke]) => ({
      ...operation,
      title: `${operation.method.toUpperCase()} ${operation.path}: ${status}`,
      status: Number(status),
      provoke,
    }),
  ),
);

describe('answers are as the published description says', () => {
  beforeAll(makeThings, 40_000);

  test('what is published is what the sources describe', async () => {
    const reply = await send('/openapi.json');
    expect(reply.json()).toEqual(JSON.parse(JSON.stringify(createOpenApiDocument())));
  });

  test('every answer that is described is provoked here, but for 429 and 503: something would have to be full, or break', () => {
    const described = operations.flatMap((operation) =>
      Object.keys(operation.responses)
        .filter((status) => !['429', '503', 'default'].includes(status))
        .map((status) => `${operation.operationId} ${status}`)
        // Nothing from outside makes a job fail that could be retried with any use.
        .filter((answer) => isLocal || answer !== 'retryJob 202'),
    );
    expect(cases.map(({ operationId, status }) => `${operationId} ${status}`).sort()).toEqual(
      described.sort(),
    );
  });

  test.each(cases)('$title', async ({ provoke, status, ...operation }) => {
    const reply = await provoke(operation.path);
    expect({ status: reply.status, body: reply.status === status ? '' : reply.text() }).toEqual({
      status,
      body: '',
    });
    checkAnswer(operation, reply);
  });

  test.each(['PUT /upload', 'DELETE /api/jobs', 'POST /docs', 'TRACE /tasks'])(
    'so is a method that is not offered: %s',
    async (line) => {
      const [method, path] = line.split(' ');
      const reply = await send(path!, { method });
      expect(reply.status).toBe(405);
      checkAnswer(
        operations.find((operation) => operation.path === path)!,
        reply,
      );
    },
  );

  test('the health of the task service on its own host is one of the two that are described', async () => {
    const reply = await send('/health', { headers: { host: 'task-user.local' } });
    checkAnswer(
      operations.find(({ path }) => path === '/health')!,
      reply,
    );
  });
});
