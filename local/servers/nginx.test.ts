import { renderUpstreams } from './nginx.js';
import { planReplicas } from '../stack/replicas.js';

test('replaces each placeholder with a line for every replica', async () => {
  const replicas = await planReplicas({ 'task-api': 2 });
  const [first, second] = replicas.filter(({ service }) => service === 'task-api').map(({ port }) => port);
  expect(renderUpstreams('upstream a {\n    ${TASK_API_SERVERS}\n}', replicas)).toBe(
    `upstream a {\n    server 127.0.0.1:${first} max_fails=0;\n    server 127.0.0.1:${second} max_fails=0;\n}`,
  );
});

test('refuses a placeholder of a service that does not exist', () => {
  expect(() => renderUpstreams('${COFFEE_SERVERS}', [])).toThrow(
    'names ${COFFEE_SERVERS}, but there is no such service',
  );
});
