// The logs of a real run, in the real collector and the real store, with the configuration that containers have: npm run test:logs.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { parse } from 'yaml';
import { repositoryRoot } from '../../../local/paths.js';
import { freePort } from '../../../local/servers/ports.js';
import { startStack, type Stack } from '../../../local/stack/stack.js';
import { upload } from '../../api/client.js';
import { jpeg } from '../../api/images.js';
import { eventually } from '../../support/eventually.js';
import { until } from '../../support/until.js';
import { containerFiles } from './container-files.js';
import { buildPrograms, hasGo } from './programs.js';

const MINUTE_MS = 60_000;
/** How long a line may take to be found: the machine may be busy. */
const PATIENCE_MS = MINUTE_MS;

type Entry = Record<string, string>;

const compose = parse(readFileSync(join(repositoryRoot, 'docker-compose.yaml'), 'utf8'), { merge: true }) as {
  services: Record<string, { command: string[] }>;
};

(hasGo() ? describe : describe.skip)('the log store', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-search-'));
  const files = containerFiles(join(folder, 'files'));
  let programs: ReturnType<typeof buildPrograms>;
  let storePort: number;
  let store: ChildProcess;
  let collector: ChildProcess;
  let stack: Stack;

  /** With the arguments of docker-compose.yaml. */
  const startStore = () => {
    const settings = compose.services['victoria-logs']!.command.map((argument) =>
      argument.replace(/\$\{\w+:-(.*)\}/, '$1').replace('=/logs/data', `=${join(folder, 'store')}`),
    );
    return spawn(programs.store, [...settings, `-httpListenAddr=127.0.0.1:${storePort}`], {
      stdio: 'ignore',
    });
  };
  const startCollector = () =>
    spawn(programs.collector, ['--config', join(folder, 'collector.yaml')], {
      env: {
        ...process.env,
        LOG_FILES: join(folder, 'files/**/*.log'),
        LOG_PROJECT: 'millrace',
        LOG_STORE: `http://127.0.0.1:${storePort}`,
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  const stop = async (program: ChildProcess) => {
    const ended = once(program, 'exit');
    program.kill('SIGINT');
    await ended;
  };

  async function find(query: string): Promise<Entry[]> {
    const url = `http://127.0.0.1:${storePort}/select/logsql/query`;
    const answer = await fetch(url, { method: 'POST', body: new URLSearchParams({ query, limit: '1000' }) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return text
      .split('\n')
      .filter((line) => line)
      .map((line) => JSON.parse(line) as Entry);
  }
  const found = (query: string, count: number) =>
    eventually(async () => {
      const entries = await find(query);
      expect(entries).toHaveLength(count);
      return entries;
    }, PATIENCE_MS);

  beforeAll(async () => {
    programs = buildPrograms();
    storePort = await freePort();
    const health = await freePort();
    mkdirSync(join(folder, 'offsets'));
    const configuration = readFileSync(join(repositoryRoot, 'observe/logs/collector.yaml'), 'utf8')
      .replace('/var/lib/collector', join(folder, 'offsets'))
      .replace('0.0.0.0:13133', `127.0.0.1:${health}`);
    writeFileSync(join(folder, 'collector.yaml'), configuration);
    store = startStore();
    collector = startCollector();
    await eventually(async () => expect(await find('*')).toEqual([]), MINUTE_MS);
    stack = await startStack({
      port: 'free',
      dataDir: join(folder, 'data'),
      env: { all: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' } },
      onLine: (source, line) =>
        files.docker(`millrace-${/-\d$/.test(source) ? source : `${source}-1`}`, line),
    });
  }, 20 * MINUTE_MS);

  afterAll(async () => {
    await stack.stop();
    await stop(collector);
    await stop(store);
    rmSync(folder, { recursive: true });
  }, MINUTE_MS);

  /** Outside a container, Nginx writes its access log to a file. */
  function passOnAccessLog(): void {
    const file = join(folder, 'data/nginx/logs/access.log');
    for (const line of readFileSync(file, 'utf8').split('\n'))
      if (line) files.docker('millrace-nginx-1', line);
  }

  test(
    'finds a job by its trace in the logs of all services that had to do with it, and of Nginx',
    async () => {
      const options = { url: stack.url, query: 'async=true' };
      const answer = await upload({ file: await jpeg(), effects: 'bw,blur' }, options);
      expect(answer.status).toBe(202);
      const { id } = answer.json() as { id: string };
      const trace = String(answer.headers['traceresponse']).slice(3, 35);
      await found(`"Completed task" job_id:=${id}`, 1);
      await until('Nginx has written its line', () =>
        readFileSync(join(folder, 'data/nginx/logs/access.log'), 'utf8').includes(trace),
      );
      passOnAccessLog();
      const services = ['bw-worker', 'blur-worker', 'nginx', 'queue-worker', 'task-api', 'web-gateway'];
      const entries = await eventually(async () => {
        const all = await find(`trace_id:=${trace}`);
        expect([...new Set(all.map((entry) => entry['service.name']))].sort()).toEqual(services.sort());
        return all;
      }, PATIENCE_MS);
      expect(entries.find((entry) => entry['service.name'] === 'nginx')).toMatchObject({
        _msg: 'request',
        severity_text: 'INFO',
        path: '/upload',
        status: '202',
        request_id: answer.headers['x-request-id'],
      });
      expect(entries.find(({ _msg }) => _msg === 'Completed task')).toMatchObject({
        'service.name': 'queue-worker',
        'service.instance.id': 'queue-worker-1',
        kind: 'image',
        span_id: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      });
    },
    3 * MINUTE_MS,
  );

  test(
    'has fields of what PostgreSQL says',
    async () => {
      const { host, port, database } = stack.postgres;
      const stranger = new Client({ host, port, database, user: 'task_api', password: 'wrong' });
      await expect(stranger.connect()).rejects.toThrow('password authentication failed');
      const [entry] = await found('service.name:=postgres state:=28P01', 1);
      expect(entry).toMatchObject({
        _msg: 'password authentication failed for user "task_api"',
        severity_text: 'FATAL',
        user: 'task_api',
        database: 'millrace',
      });
      // The line's own time, not the time at which it was read.
      expect(Math.abs(Date.parse(entry!['_time']!) - Date.now())).toBeLessThan(MINUTE_MS);
    },
    3 * MINUTE_MS,
  );

  test(
    "has fields of Nginx's error log, and of what Redis says",
    async () => {
      const worker = Number(
        execFileSync('pgrep', ['-P', String(stack.nginx.process.pid)], { encoding: 'utf8' }).split('\n')[0],
      );
      process.kill(worker, 'SIGKILL');
      const [entry] = await found(`service.name:=nginx "exited on signal 9"`, 1);
      expect(entry).toMatchObject({ severity_text: 'ERROR', pid: expect.any(String) as string });

      process.kill(stack.redis.process.pid!, 'SIGTERM');
      const [said] = await found('service.name:=redis "User requested shutdown"', 1);
      expect(said).toMatchObject({ severity_text: 'WARN', role: 'M' });
    },
    3 * MINUTE_MS,
  );

  test(
    'has the lines of pods',
    async () => {
      const line = {
        level: 'error',
        time: new Date().toISOString(),
        service: 'task-api',
        pod: 'task-api-7',
        msg: 'a pod',
      };
      files.kubernetes('task-api-7', 'task-api', JSON.stringify(line));
      files.kubernetes('postgres-0', 'postgres', 'no format that is known');
      expect((await found('"a pod"', 1))[0]).toMatchObject({
        'service.name': 'task-api',
        'service.instance.id': 'task-api-7',
        severity_text: 'ERROR',
      });
      expect((await found('"no format that is known"', 1))[0]).toMatchObject({
        'service.name': 'postgres',
        'service.instance.id': 'postgres-0',
      });
    },
    3 * MINUTE_MS,
  );

  test(
    'has fields of what the programs that observe write',
    async () => {
      const line = { time: new Date().toISOString(), level: 'WARN', source: 'a.go:1', msg: 'a slow rule' };
      files.docker('millrace-prometheus-1', JSON.stringify(line));
      expect((await found('"a slow rule"', 1))[0]).toMatchObject({
        'service.name': 'prometheus',
        severity_text: 'WARN',
        source: 'a.go:1',
      });
    },
    3 * MINUTE_MS,
  );

  test(
    'has nothing of the containers of others',
    async () => {
      files.docker('other-web-1', 'of another project');
      files.docker('millrace-web-gateway-9', 'after the other');
      await found('"after the other"', 1);
      expect(await find('"of another project"')).toEqual([]);
    },
    3 * MINUTE_MS,
  );

  test(
    'misses nothing, and has nothing twice, when the store and then the collector are restarted',
    async () => {
      const lineOf = (number: number) =>
        JSON.stringify({ level: 'info', service: 'task-api', msg: `restart ${number}` });
      await stop(store);
      for (let number = 0; number < 500; number += 1) files.docker('millrace-task-api-8', lineOf(number));
      store = startStore();
      await found('"restart"', 500);
      await stop(collector);
      for (let number = 500; number < 600; number += 1) files.docker('millrace-task-api-8', lineOf(number));
      collector = startCollector();
      const entries = await found('"restart"', 600);
      expect(new Set(entries.map(({ _msg }) => _msg)).size).toBe(600);
    },
    5 * MINUTE_MS,
  );
});
