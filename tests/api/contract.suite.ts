import { createOpenApiDocument } from '@millrace/contracts/openapi';
import { send } from './client.js';
import { checkAnswer, type DescribedOperation, operationsOf } from './described-answers.js';
import { isLocal } from './endpoint.js';
import { makeThings, type Provoke, provocations } from './provocations.js';

const operations = operationsOf(createOpenApiDocument());
const ownName = ({ operationId }: DescribedOperation) => operationId.replace(/Alias$/, '');
/** What Nginx refuses for every path. */
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

describe('responses match the published description', () => {
  beforeAll(makeThings);

  test('the published description is the one in the sources', async () => {
    const reply = await send('/openapi.json');
    expect(reply.json()).toEqual(JSON.parse(JSON.stringify(createOpenApiDocument())));
  });

  test('every described response is provoked here, except 429 and 503, which need something full or broken', () => {
    const described = operations.flatMap((operation) =>
      Object.keys(operation.responses)
        .filter((status) => !['429', '503', 'default'].includes(status))
        .map((status) => `${operation.operationId} ${status}`)
        // No request from outside makes a job fail in such a way that a retry could succeed.
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
    'including the response to an unsupported method: %s',
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

  test('the health of the task service on its own host matches one of the two descriptions', async () => {
    const reply = await send('/health', { headers: { host: 'task-user.local' } });
    checkAnswer(
      operations.find(({ path }) => path === '/health')!,
      reply,
    );
  });
});
