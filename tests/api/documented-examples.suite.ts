import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  queuedTaskSchema,
  serviceHealthSchema,
  systemHealthSchema,
  taskSchema,
  uploadResponseSchema,
  userSchema,
} from '@millrace/contracts';
import { endpointUrl, isLocal } from './endpoint.js';
import { jpeg } from './images.js';

/** What curl returned. */
interface Answer {
  status: number;
  type: string;
  body: Buffer;
}

interface Example {
  /** As documented, character for character; `<task-id>` and `<YOUR_IMAGE_ID>` stand for ids from earlier examples. */
  command: string;
  /** What the documentation promises about it. */
  expect: (answer: Answer) => void;
}

/** The ids to use for the placeholders. */
const ids: Record<string, string> = {};

const isHtml = (words: string) => (answer: Answer) => {
  expect(answer).toMatchObject({ status: 200, type: 'text/html; charset=utf-8' });
  expect(answer.body.toString()).toContain(words);
};

const isQueued = (answer: Answer) => {
  expect(answer.status).toBe(202);
  expect(queuedTaskSchema.parse(json(answer))).toMatchObject({ task: 'task1', status: 'queued' });
};

const isTask = (expected: object) => (answer: Answer) => {
  expect(answer.status).toBe(201);
  const task = taskSchema.parse(json(answer));
  expect(task).toMatchObject(expected);
  ids['<task-id>'] = task.id;
};

const isTaskList = (title: string) => (answer: Answer) => {
  expect(answer.status).toBe(200);
  expect(taskSchema.array().parse(json(answer))).toContainEqual(expect.objectContaining({ title }));
};

const isUpload = (answer: Answer) => {
  expect(answer.status).toBe(201);
  const { id, ...upload } = uploadResponseSchema.parse(json(answer));
  expect(upload).toMatchObject({ applied_effects: ['bw', 'blur'], view_url: `/image/${id}` });
  expect(upload.processed_by_pod).toContain('blur');
  ids['<YOUR_IMAGE_ID>'] = id;
};

const isAlice = (answer: Answer) => {
  // A stack that is tested for the second time already knows her.
  if (!isLocal && answer.status === 409) return;
  expect(answer.status).toBe(201);
  expect(userSchema.parse(json(answer))).toMatchObject({ name: 'Alice', email: 'alice@example.com' });
};

const isUserList = (answer: Answer) => {
  expect(answer.status).toBe(200);
  const users = userSchema.array().parse(json(answer));
  if (isLocal) expect(users).toContainEqual(expect.objectContaining({ name: 'Alice' }));
};

const isHealthy = (schema: { parse(value: unknown): unknown }) => (answer: Answer) => {
  expect(answer.status).toBe(200);
  expect(schema.parse(json(answer))).toMatchObject({ status: 'healthy' });
};

const systems: Record<string, Example[]> = {
  'the task queue (Flask, Redis and a worker behind Nginx)': [
    { command: 'curl -X POST http://localhost:8080/api/add/task1', expect: isQueued },
    { command: 'curl -X POST http://localhost:8085/api/add/task1', expect: isQueued },
    { command: 'curl http://localhost:8085/add/task1', expect: isQueued },
  ],

  'the task manager (UI, backend API and PostgreSQL)': [
    { command: 'curl http://localhost:30080', expect: isHtml('Millrace') },
    { command: 'curl http://localhost:5000/health', expect: isHealthy(systemHealthSchema) },
    {
      command: `curl -X POST http://localhost:5000/api/tasks \\
  -H "Content-Type: application/json" \\
  -d '{"title": "Test Task", "priority": "high"}'`,
      expect: isTask({ title: 'Test Task', priority: 'high', completed: false }),
    },
    { command: 'curl http://localhost:5000/api/tasks', expect: isTaskList('Test Task') },
    {
      command: 'curl -X DELETE http://localhost:5000/api/tasks/<task-id>',
      expect: (answer) => expect(answer).toMatchObject({ status: 204, body: Buffer.alloc(0) }),
    },
  ],

  // Only documented by its JSON examples.
  'the text analysis (web service and worker service)': [
    {
      command: `curl -X POST http://localhost:30080/analyze -H "Content-Type: application/json" -d '{
  "text": "Hello, how are you?"
}'`,
      expect: (answer) => {
        expect(answer.status).toBe(200);
        expect(json(answer)).toEqual({ processed_text: 'Word Count: 4 | Reverse: ?uoy era woh ,olleH' });
      },
    },
    {
      // "The worker-service should only be accessible from within the cluster."
      command: `curl -X POST http://localhost:30080/process -H "Content-Type: application/json" -d '{
  "text": "Hello, how are you?"
}'`,
      expect: (answer) => expect(answer).toMatchObject({ status: 404, type: 'application/problem+json' }),
    },
  ],

  'the image processor (orchestrator, workers and Redis)': [
    {
      command: 'curl -X POST -F "file=@test.jpg" -F "effects=bw,blur" http://localhost:5000/upload',
      expect: isUpload,
    },
    {
      // To be opened in a browser.
      command: 'curl http://localhost:5000/image/<YOUR_IMAGE_ID>',
      expect: (answer) => {
        expect(answer).toMatchObject({ status: 200, type: 'image/jpeg' });
        expect(answer.body.subarray(0, 3)).toEqual(Buffer.from('ffd8ff', 'hex'));
      },
    },
  ],

  'tasks and users (two services behind an Ingress)': [
    { command: 'curl http://task-user.local/', expect: isHtml('Task service') },
    { command: 'curl http://task-user.local/health', expect: isHealthy(serviceHealthSchema) },
    {
      command: `curl -X POST -H "Content-Type: application/json" -d '{ "title": "T1", "description": "D1" }' http://task-user.local/tasks`,
      expect: isTask({ title: 'T1', description: 'D1' }),
    },
    { command: 'curl http://task-user.local/user/', expect: isHtml('User service') },
    { command: 'curl http://task-user.local/user/health', expect: isHealthy(serviceHealthSchema) },
    {
      command: `curl -X POST -H "Content-Type: application/json" \\
  -d '{"name":"Alice","email":"alice@example.com"}' \\
  http://task-user.local/user/register`,
      expect: isAlice,
    },
    { command: 'curl http://task-user.local/user/users', expect: isUserList },
    {
      command: `curl -X POST -H "Content-Type: application/json" \\
  -d '{"title":"Buy milk","description":"2L whole"}' \\
  http://task-user.local/tasks`,
      expect: isTask({ title: 'Buy milk', description: '2L whole', priority: 'medium' }),
    },
    { command: 'curl http://task-user.local/tasks', expect: isTaskList('Buy milk') },
  ],
};

describe('the documented examples work word for word', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-curl-'));
    await writeFile(join(folder, 'test.jpg'), await jpeg());
    // curl's own configuration redirects every host and port to the stack under test and separates the status from the body: the commands
    // themselves need no change.
    const { hostname, port } = new URL(endpointUrl());
    await writeFile(
      join(folder, '.curlrc'),
      `silent\nshow-error\nconnect-to = "::${hostname}:${port || 80}"\nwrite-out = "%{stderr}%{http_code} %{content_type}"\n`,
    );
  });

  afterAll(() => rm(folder, { recursive: true }));

  describe.each(Object.entries(systems))('%s', (_system, examples) => {
    test.each(examples)('$command', async (example) => {
      const command = example.command.replace(/<[\w-]+>/, (name) => ids[name] ?? name);
      example.expect(await runInShell(command, folder));
    });
  });
});

function runInShell(command: string, folder: string): Promise<Answer> {
  const environment = { PATH: process.env.PATH, CURL_HOME: folder, HOME: folder };
  return new Promise((resolve, reject) => {
    const options = { cwd: folder, env: environment, encoding: 'buffer' as const };
    execFile('/bin/sh', ['-c', command], options, (error, stdout, stderr) => {
      const [, status, type = ''] = /^(\d{3}) ?(.*)$/.exec(stderr.toString()) ?? [];
      if (error || status === undefined)
        reject(new Error(`${command}\n${stderr.toString()}`, { cause: error }));
      else resolve({ status: Number(status), type, body: stdout });
    });
  });
}

function json({ body }: Answer): unknown {
  return JSON.parse(body.toString());
}
