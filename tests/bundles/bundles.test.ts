// What `node local/prepare.mjs` has bundled, as it runs locally and in the images.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(__dirname, '../..');
const services = readdirSync(join(root, 'services'));
const bundleOf = (service: string) => join(root, 'services', service, 'bundle');

const nowhere = 'http://127.0.0.1:9';
const env = {
  ...{ PATH: process.env.PATH, PORT: '0', HOST: '127.0.0.1', POD_NAME: 'bundled-1', SHUTDOWN_DRAIN_MS: '0' },
  ...{ REDIS_URL: 'redis://127.0.0.1:9', RATE_LIMIT_REDIS_URL: 'redis://127.0.0.1:9' },
  ...{ TASK_API_URLS: nowhere, USER_API_URLS: nowhere },
  ...{
    QUEUE_WORKER_URLS: nowhere,
    TEXT_WORKER_URLS: nowhere,
    BLUR_WORKER_URLS: nowhere,
    BW_WORKER_URLS: nowhere,
  },
};

let child: ChildProcess | undefined;
afterEach(async () => {
  if (child?.exitCode !== null || !child.kill('SIGKILL')) return;
  await once(child, 'exit');
});

/** @returns the service's URL */
async function start(service: string): Promise<string> {
  child = spawn(process.execPath, [join(bundleOf(service), 'main.js')], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout! })) {
    const { msg, port } = JSON.parse(line) as { msg: string; port: number };
    if (msg === 'listening') return `http://127.0.0.1:${port}`;
  }
  throw new Error(`${service} has ended.`);
}

describe('a bundled service', () => {
  it.each(services)("runs from V8's code cache, with a smaller heap too: %s", (service) => {
    const script = `
      const { compile } = require(process.argv[1] + '/main.js');
      const cache = require('node:fs').readFileSync(process.argv[1] + '/service.cache');
      console.log(compile(cache).cachedDataRejected, compile().cachedDataRejected);`;
    for (const options of [[], ['--max-old-space-size=192']]) {
      const args = [...options, '-e', script, bundleOf(service)];
      expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toBe('false undefined\n');
    }
  });

  it('works without the cache, and with that of another Node version', async () => {
    const copy = mkdtempSync(join(tmpdir(), 'millrace-bundle-'));
    try {
      cpSync(bundleOf('text-worker'), copy, { recursive: true });
      for (const damage of [
        () => writeFileSync(join(copy, 'service.cache'), 'of another'),
        () => rmSync(join(copy, 'service.cache')),
      ]) {
        damage();
        const args = [join(copy, 'main.js')];
        const { status, stdout } = await ended(spawn(process.execPath, args, { env: { ...env, PORT: 'x' } }));
        // The service has read its configuration.
        expect([status, stdout]).toEqual([1, expect.stringContaining('PORT')]);
      }
    } finally {
      rmSync(copy, { recursive: true });
    }
  });

  it('finds the files beside it: the web UI and the API description', async () => {
    const url = await start('web-gateway');
    const page = await fetch(`${url}/`);
    expect(page.headers.get('x-served-by')).toBe('bundled-1');
    const [, asset] = /src="(\/ui\/assets\/[^"]+)"/.exec(await page.text()) ?? [];
    expect((await fetch(`${url}${asset}`)).status).toBe(200);
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(await (await fetch(`${url}/openapi.json`)).json()).toMatchObject({ info: { version } });
    const [script] = /\/ui\/assets\/reference-\w+\.js/.exec(await (await fetch(`${url}/docs`)).text()) ?? [];
    expect((await fetch(`${url}${script}`)).status).toBe(200);
  });

  it('knows the source lines of its code', () => {
    const read = (file: string) => readFileSync(join(root, file), 'utf8').split('\n');
    const stretches = JSON.parse(readFileSync(join(bundleOf('task-api'), 'service.lines.json'), 'utf8')) as {
      first: number;
      source: string;
      lines: number[];
    }[];
    const words = 'database schema is up to date';
    const line = read('services/task-api/bundle/service.js').findIndex((text) => text.includes(words)) + 1;
    const { first, source, lines } = stretches.findLast((stretch) => stretch.first <= line)!;
    expect(source).toBe('packages/chassis/src/stores/postgres/migrate.ts');
    expect(read(source)[lines[line - first]! - 1]).toContain(words);
  });

  it('names the source in a stack trace', () => {
    const copy = mkdtempSync(join(tmpdir(), 'millrace-bundle-'));
    try {
      cpSync(join(bundleOf('text-worker'), 'main.js'), join(copy, 'main.js'));
      const code = `(function () {\nfunction fails() {\nthrow new Error('wrong');\n}\ntry {\nfails();\n} catch (error) { console.log(error.stack); }\n})`;
      writeFileSync(join(copy, 'service.js'), code);
      const stretches = [{ first: 2, source: 'services/any/src/one.ts', lines: [7, 8] }];
      writeFileSync(join(copy, 'service.lines.json'), JSON.stringify(stretches));
      const stack = execFileSync(process.execPath, [join(copy, 'main.js')], { encoding: 'utf8' }).split('\n');
      expect(stack.slice(0, 3)).toEqual([
        'Error: wrong',
        '    at fails (services/any/src/one.ts:8)',
        // In a library.
        `    at ${join(copy, 'service.js')}:6:1`,
      ]);
    } finally {
      rmSync(copy, { recursive: true });
    }
  });
});

async function ended(process: ChildProcess): Promise<{ status: number | null; stdout: string }> {
  let stdout = '';
  for (const stream of [process.stdout, process.stderr])
    stream?.on('data', (text: Buffer) => (stdout += text.toString()));
  const [status] = (await once(process, 'close')) as [number | null];
  return { status, stdout };
}
