// Logs are written and stored the same way in every environment.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { repositoryRoot } from '../../local/paths.js';
import { loggingSettings } from '../../local/servers/postgres.js';
import { parseManifests } from '../k8s/manifests.js';

const read = (path: string) => readFileSync(join(repositoryRoot, path), 'utf8');
const compose = parse(read('docker-compose.yaml'), { merge: true }) as {
  services: Record<string, { image: string; command: string[]; profiles?: string[] }>;
};
/** The arguments of the first container of a manifest's workload. */
const podOf = (path: string) =>
  parseManifests(read(path)).find(({ spec }) => spec?.template)!.spec!.template!.spec
    .containers[0] as unknown as { image: string; args: string[] };

test('PostgreSQL logs no rows, no statements and no parameters, anywhere', () => {
  const expected = Object.entries(loggingSettings).map(([name, value]) => `-c${name}=${value}`);
  for (const settings of [compose.services['postgres']!.command, podOf('k8s/postgres.yaml').args]) {
    expect(settings).toEqual(expect.arrayContaining(expected));
    expect(settings.filter((setting) => /^-clog_(statement|duration|min_duration)/.test(setting))).toEqual(
      [],
    );
  }
});

test('the log collector can parse lines with PostgreSQL’s prefix', () => {
  const { receivers } = parse(read('observe/logs/collector.yaml')) as {
    receivers: { file_log: { operators: { if?: string; regex?: string }[] } };
  };
  const { regex } = receivers.file_log.operators.find(
    (each) => each.if?.includes('"postgres"') && each.regex,
  )!;
  const escapes = {
    ...{ '%m': '2026-11-30 15:02:07.123 UTC', '%p': '12', '%e': '23505', '%u': 'task_api', '%d': 'millrace' },
  };
  const prefix = loggingSettings.log_line_prefix.replace(
    /%\w/g,
    (escape) => escapes[escape as keyof typeof escapes],
  );
  expect(
    new RegExp(regex!.replaceAll('(?P<', '(?<')).exec(`${prefix}ERROR:  deadlock detected`)?.groups,
  ).toEqual({
    time: '2026-11-30 15:02:07.123',
    pid: '12',
    state: '23505',
    user: 'task_api',
    database: 'millrace',
    level: 'ERROR',
    msg: 'deadlock detected',
  });
});

test.each([
  ['victoria-logs', 'victoria-logs.yaml'],
  ['log-collector', 'log-collector.yaml'],
])('%s is the same in Compose and in pods', (name, file) => {
  const { image, command } = compose.services[name]!;
  const defaults = command.map((argument) => argument.replace(/\$\{\w+:-(.*)\}/, '$1'));
  const pod = podOf(`overlays/components/observe/${file}`);
  expect([pod.image, pod.args]).toEqual([image, defaults]);
});

describe('the observability programs write JSON', () => {
  const SETTING =
    /(log\.format|loggerFormat|logs\.encoding)=json|(REDIS_EXPORTER_LOG|GF_LOG_CONSOLE)_FORMAT"(,"value")?:"json"/;
  // The first only creates a folder; the second has it in its configuration.
  const exempt = ['log-folder', 'log-collector'];

  test.each(
    Object.entries(compose.services).filter(
      ([name, { profiles = [] }]) => profiles.includes('observe') && !exempt.includes(name),
    ),
  )('%s in Compose', (_name, service) => {
    expect(JSON.stringify(service)).toMatch(SETTING);
  });

  test.each(
    ['prometheus', 'alertmanager', 'grafana', 'exporters', 'nginx-sidecar', 'victoria-logs']
      .map((name) => `observe/${name}`)
      .concat('traces/jaeger')
      .flatMap((file) =>
        parseAllDocuments(read(`overlays/components/${file}.yaml`)).flatMap((document) =>
          containersIn(document.toJS()).map((container) => [container.image, container] as const),
        ),
      ),
  )('%s in a pod', (_image, container) => {
    expect(JSON.stringify(container)).toMatch(SETTING);
  });
});

/** Everything with an image, at any depth. */
function containersIn(value: unknown): { image: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('image' in value) return [value as { image: string }];
  return Object.values(value).flatMap(containersIn);
}
