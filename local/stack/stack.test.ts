import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { findGroup } from '../supervise/process-table.js';
import { startStack, type StackOptions } from './stack.js';
import { stubService } from '../supervise/test-support.js';

const options: StackOptions = {
  port: 'free',
  serviceCommand: () => ({ command: process.execPath, args: ['-e', stubService] }),
};

test('runs the whole stack behind one endpoint, and leaves no process behind', async () => {
  const stack = await startStack({
    ...options,
    scale: { 'blur-worker': 2 },
    env: { all: { GREETING: 'hello' }, 'task-api': { GREETING: 'hi' } },
  });
  const names = ['web-gateway-1', 'blur-worker-1', 'blur-worker-2', 'postgres', 'redis', 'nginx'];
  const groups = names.map((name) => stack.process(name).pid ?? 0);
  try {
    expect(await (await fetch(`${stack.url}/health`)).text()).toBe('web-gateway-1 hello');
    expect(await (await fetch(`${stack.url}/api/tasks`)).text()).toBe('task-api-1 hi');
    expect(groups.every((group) => findGroup(group).length > 0)).toBe(true);
    expect(() => stack.process('teapot')).toThrow(
      'There is no process "teapot". Processes: web-gateway-1, task-api-1',
    );
  } finally {
    await Promise.all([stack.stop(), stack.stop()]);
  }
  expect(groups.flatMap(findGroup)).toEqual([]);
}, 90_000);

test('gives up on a service that cannot start, and shows its last output', async () => {
  const failing: StackOptions = {
    ...options,
    serviceCommand: ({ service }) => {
      const script =
        service === 'bw-worker' ? 'console.error("PORT is missing"); process.exit(1)' : stubService;
      return { command: process.execPath, args: ['-e', script] };
    },
  };
  await expect(startStack(failing)).rejects.toThrow(
    /^The last output of bw-worker-1:\n( {2}PORT is missing\n)+bw-worker-1 exited \d+ times before it was ready$/,
  );
}, 90_000);

test('names what is not ready at the deadline', async () => {
  const deaf: StackOptions = {
    ...options,
    deadlineMs: 1_000,
    serviceCommand: ({ service }) => {
      const script = service === 'user-api' ? 'setInterval(() => {}, 1000)' : stubService;
      return { command: process.execPath, args: ['-e', script] };
    },
  };
  await expect(startStack(deaf)).rejects.toThrow(/^Not healthy after 1 s: .*user-api-1 \(does not answer\)/);
}, 90_000);

test('starts nothing when the port is in use', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await expect(startStack({ ...options, port })).rejects.toThrow(
    `Port ${port} is in use by another program.`,
  );
  server.close();
});
