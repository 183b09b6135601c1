import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createOpenApiDocument } from '@millrace/contracts/openapi';
import { operationsOf } from './described-answers.js';
import { endpointUrl, isLocal } from './endpoint.js';
import { jpeg } from './images.js';
import { failedJob, ids, makeThings, newTask, waitingJob } from './provocations.js';

const operations = operationsOf(createOpenApiDocument());

describe('the sample commands work as shown', () => {
  let folder: string;
  const samples = operations.flatMap(({ operationId, responses, 'x-codeSamples': own = [] }) =>
    own.map(({ source }) => ({ operationId, responses, source })),
  );

  beforeAll(async () => {
    await makeThings();
    folder = await mkdtemp(join(tmpdir(), 'millrace-samples-'));
    await writeFile(join(folder, 'photo.jpg'), await jpeg());
    const { hostname, port } = new URL(endpointUrl());
    await writeFile(
      join(folder, '.curlrc'),
      `silent\nshow-error\nconnect-to = "::${hostname}:${port || 80}"\nwrite-out = "%{stderr}%{http_code}"\n`,
    );
  });
  afterAll(() => rm(folder, { recursive: true }));

  // Streams are watched where their events are checked.
  test.each(
    samples.filter(
      ({ operationId }) => !operationId.startsWith('watch') && (isLocal || operationId !== 'retryJob'),
    ),
  )('$source', async ({ operationId, responses, source }) => {
    const command = source.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, await idFor(operationId));
    const env = { PATH: process.env.PATH, CURL_HOME: folder, HOME: folder };
    const { stderr } = await promisify(execFile)('/bin/sh', ['-c', command], { cwd: folder, env });
    const expected = Object.keys(responses).filter((status) => status < '300');
    // Alice may be registered already, by the documented examples or by an earlier test.
    if (operationId === 'registerUser') expected.push('409');
    expect(expected).toContain(stderr);
  });

  /** A thing that the sample needs. */
  async function idFor(operationId: string): Promise<string> {
    if (operationId === 'deleteJob') return waitingJob();
    if (operationId === 'retryJob') return failedJob();
    if (operationId === 'getJob') return ids.completedJob;
    return operationId === 'getImage' ? ids.image : newTask();
  }
});
