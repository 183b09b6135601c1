// npm run generate: generates from topology/services.ts what would otherwise be repeated for each service, and copies the files of nginx/,
// postgres/ and redis/ into ConfigMaps. With --check it writes nothing, and fails if a file differs from what it would write.
import { createHash } from 'node:crypto';
import {
  makeFile,
  makeLine,
  makePart,
  makeText,
  manifestFiles,
  problems,
  read,
  writeFiles,
} from './generated-files.js';
import { dashboardFile } from '../observe/dashboards/dashboard.js';
import { dashboards } from '../observe/dashboards/dashboards.js';
import { rulesFile } from '../observe/rules/rules.js';
import { metricsPort, probePort, servers, serviceNames, servicePort, services } from './services.js';

const all = serviceNames.map((name) => ({
  ...{ name, port: servicePort, metricsPort, calls: {}, startsAfter: [], fromShell: {} },
  ...services[name],
}));
const open = all.filter(({ publicPaths }) => publicPaths);
const called = all.filter(({ name }) => all.some(({ calls }) => name in calls));

for (const service of all) makeFile(`k8s/${service.name}.yaml`, 'service.yaml', service);
makePart('k8s/network-policies.yaml', 'policies', 'network-policy.yaml', components());
makePart('k8s/settings.yaml', 'urls', 'urls.yaml', called);
makePart('overlays/components/tls/certificates.yaml', 'certificates', 'tls-certificate.yaml', components());
makePart('overlays/components/tls/services.yaml', 'services', 'tls-service.yaml', callees());
makePart(
  'overlays/components/observe-tls/certificates.yaml',
  'certificates',
  'tls-certificate.yaml',
  ['postgres-exporter', 'redis-exporter'].map((name) => ({ name, component: 'observability' })),
);
makePart('docker-compose.tls.yaml', 'certificates', 'certificate-name.yaml', all);
makePart('docker-compose.tls.yaml', 'services', 'compose-tls.yaml', callees(), '\n');
makeLine('overlays/components/tls/settings.yaml', /(?<=PROBE_PORT: ).*/, `'${probePort}'`, [
  'topology/services.ts',
]);
makePart('docker-compose.yaml', 'depends_on', 'depends-on.yaml', open);
makePart('docker-compose.yaml', 'services', 'compose-service.yaml', all, '\n');
makePart('README.md', 'diagram', 'diagram.md', [
  {
    services: all.map((service) => ({ ...service, arrows: arrowsOf(service) })),
    limited: open.map(({ name }) => name),
  },
]);
for (const environment of ['local', 'compose', 'kubernetes']) {
  const upstreams = open.map((service) => ({ ...service, environment }));
  makePart(`nginx/upstreams.${environment}.conf`, 'upstreams', 'upstream.conf', upstreams, '\n');
}

makeConfigMap('nginx', {
  'nginx.conf': 'nginx/nginx.conf',
  'origins.conf': 'nginx/origins.conf',
  'proxy.conf': 'nginx/proxy.conf',
  'https.conf': 'nginx/https.conf',
  'problems.conf': 'nginx/problems.conf',
  'limits.conf': 'nginx/limits.conf',
  'headers.conf': 'nginx/headers.conf',
  'routes.conf': 'nginx/routes.conf',
  'services-tls.conf': 'nginx/services-tls.conf',
  'upstreams.conf': 'nginx/upstreams.kubernetes.conf',
  'listen.conf': 'nginx/listen.compose.conf',
  'status.conf': 'nginx/status.conf',
  start: 'nginx/start',
  settings: 'nginx/settings',
  listen: 'nginx/listen',
  certificate: 'nginx/certificate',
  'on-renewal': 'docker/on-renewal',
});
makeConfigMap('redis', {
  'redis.conf': 'redis/redis.conf',
  'users.conf': 'redis/users.conf',
  start: 'redis/start',
  'on-renewal': 'docker/on-renewal',
});
makeConfigMap('postgres', {
  'apply-roles': 'postgres/apply-roles',
  'init.sql': 'postgres/init.sql',
  'roles.sql': 'postgres/roles.sql',
  'start-with-tls': 'postgres/start-with-tls',
  'pg_hba.conf': 'postgres/pg_hba.conf',
  'on-renewal': 'docker/on-renewal',
});

makePart('observe/prometheus/prometheus.yaml', 'names', 'scrape-name.yaml', all);
makeText('observe/prometheus/rules.yaml', rulesFile(), ['observe/rules/']);
const dashboardFiles = dashboards.map((dashboard) => {
  const path = `observe/grafana/dashboards/${dashboard.uid}.json`;
  makeText(path, dashboardFile(dashboard), [`observe/dashboards/${dashboard.uid}.ts`]);
  return [`${dashboard.uid}.json`, path] as const;
});
makeConfigMap(
  'grafana',
  {
    'datasource.yaml': 'observe/grafana/datasource.yaml',
    'provider.yaml': 'observe/grafana/provider.yaml',
    ...Object.fromEntries(dashboardFiles),
  },
  'overlays/components/observe',
);
makeConfigMap(
  'prometheus',
  { 'prometheus.yaml': 'observe/prometheus/prometheus.yaml', 'rules.yaml': 'observe/prometheus/rules.yaml' },
  'overlays/components/observe',
);
makeConfigMap(
  'alertmanager',
  { 'alertmanager.yaml': 'observe/alertmanager/alertmanager.yaml' },
  'overlays/components/observe',
);
makeConfigMap(
  'log-collector',
  { 'collector.yaml': 'observe/logs/collector.yaml' },
  'overlays/components/observe',
  'millrace-logs',
);

makeFile('k8s/Kustomization', 'Kustomization', { manifests: manifestFiles() });

if (process.argv.includes('--check')) {
  for (const problem of problems()) {
    console.error(problem);
    process.exitCode = 1;
  }
} else {
  writeFiles();
}

/** Every service and server, with its callers and what it calls. */
function components() {
  const calls = [
    { caller: 'nginx', port: servicePort, names: open.map(({ name }) => name as string) },
    ...all.flatMap((service) => [
      { caller: service.name, port: servicePort, names: Object.keys(service.calls) },
      { caller: service.name, port: servers.postgres.port, names: service.postgres ? ['postgres'] : [] },
      {
        caller: service.name,
        port: servers.redis.port,
        names: service.redis || service.publicPaths ? ['redis'] : [],
      },
    ]),
  ].filter(({ names }) => names.length > 0);
  return [
    { name: 'nginx', ...servers.nginx, portName: 'http', isPublic: true },
    ...all.map(({ name, component }) => ({ name, component, portName: 'http' })),
    { name: 'postgres', ...servers.postgres, portName: 'postgres' },
    { name: 'redis', ...servers.redis, portName: 'redis' },
  ].map((one) => ({
    ...one,
    calls: calls.filter(({ caller }) => caller === one.name),
    callers: calls.filter(({ names }) => names.includes(one.name)).map(({ caller }) => caller),
  }));
}

/** The services, with the purposes of their certificates. */
function callees() {
  return components().flatMap((one) => {
    const service = all.find(({ name }) => name === one.name);
    return service ? { ...one, postgres: service.postgres, probePort } : [];
  });
}

/** One arrow for all calls with the same purpose. */
function arrowsOf({ calls }: { calls: Partial<Record<string, string>> }) {
  return [...new Set(Object.values(calls))].map((purpose) => ({
    purpose,
    names: Object.keys(calls).filter((name) => calls[name] === purpose),
  }));
}

/** A ConfigMap of these files, and their checksum in the pod template, so that pods restart when the configuration changes. */
function makeConfigMap(
  name: string,
  paths: Record<string, string>,
  folder = 'k8s',
  namespace = 'millrace',
): void {
  const sources = Object.values(paths);
  const files = Object.entries(paths).map(([key, path]) => ({ key, path, text: indented(read(path)) }));
  makeFile(`${folder}/${name}-config.yaml`, 'config-map.yaml', { name, namespace, files }, sources);
  const checksum = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16);
  makeLine(`${folder}/${name}.yaml`, /(?<=millrace\/config-checksum: ).*/, `'${checksum}'`, sources);
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '    ');
}
