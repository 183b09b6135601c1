// What is checked, by which tool, and what is ignored for what reason. Paths are relative to the current folder, a Git repository.
import { readFileSync } from 'node:fs';
import { files } from './files.mjs';
import { renderedOverlays } from './manifests.mjs';
import { ENVIRONMENTS, nginxConfiguration } from './nginx.mjs';
import { toolPath } from './tools.mjs';

/**
 * Each check runs a tool, once or several times; a status other than 0 means findings.
 *
 * `from` is the installer of the tool; `reads` the number of files that a run reads, because a check without files fails; `noise` what is not
 * a finding in its output.
 */
export const checks = [
  { name: 'hadolint', from: 'pip', runs: () => one(files('*Dockerfile')) },
  { name: 'shellcheck', from: 'pip', runs: () => one(shellScripts()) },
  {
    name: 'actionlint',
    from: 'go',
    runs: () =>
      one(files('.github/workflows/*'), '-shellcheck', toolPath('shellcheck', 'pip'), '-pyflakes', ''),
  },
  // Its ignores are in zizmor.yaml.
  {
    name: 'zizmor',
    from: 'pip',
    runs: () => [{ args: [...zizmorOptions, '.github'], reads: files('.github').length }],
  },
  {
    name: 'lockfile-lint',
    from: 'npm',
    runs: () =>
      files('package-lock.json', '*/package-lock.json').map((path) => ({
        args: ['--path', path, ...lockfileOptions],
        reads: 1,
      })),
  },
  // What it must ignore in one object only is an annotation there, with its reason.
  {
    name: 'kube-score',
    from: 'go',
    runs: () => [
      ...one(files('k8s/*.yaml'), ...scoring(ignoredByKubeScore)),
      ...renderedOverlays().map(({ path, reads }) => ({
        args: [...scoring({ ...ignoredByKubeScore, ...ignoredInOverlays }), path],
        reads,
      })),
    ],
    noise: /^\[(OK|SKIPPED)\].*\n/gm,
  },
  {
    name: 'gixy',
    from: 'pip',
    runs: () => ENVIRONMENTS.flatMap((name) => [inspectNginx(name, false), inspectNginx(name, true)]),
  },
];

const zizmorOptions = ['--offline', '--no-progress', '--config', 'scripts/audit/zizmor.yaml'];
const lockfileOptions = [
  '--type',
  'npm',
  '--validate-https',
  '--validate-integrity',
  '--allowed-hosts',
  'npm',
];
const ignoredByKubeScore = {
  'deployment-replicas': 'the number of replicas is set by an autoscaler or by `kubectl scale`',
  'horizontalpodautoscaler-replicas':
    'a laptop starts with one replica of each; overlays/prod has at least two',
  'deployment-has-host-podantiaffinity':
    'topologySpreadConstraints spread the replicas, and still allow a cluster of one node',
  'container-image-pull-policy': 'in development the images are in no registry; elsewhere tags do not change',
  'service-type': 'the node port is how a laptop reaches Nginx; overlays/prod closes it',
};
const ignoredInOverlays = {
  'deployment-strategy':
    'the observability programs have a volume or a single replica: tests/k8s checks the others',
};

/** By environment, and with HTTPS. */
const STATUS_PORT = { status_page_exposed: 'its port is only open to probes and the exporter' };
const ignoredByGixy = {
  local: { missing_resolver: 'its replicas have addresses, not names' },
  compose: STATUS_PORT,
  kubernetes: {
    ...STATUS_PORT,
    resolver_external: 'kube-dns.kube-system is the cluster’s own DNS server',
  },
  https: {
    add_header_redefinition: 'an error of Nginx itself need not offer HTTP/3; without HTTPS, this is checked',
    default_server_flag: 'there is only one server, which listens on TCP and UDP',
  },
};

function one(paths, ...options) {
  return [{ args: [...options, ...paths], reads: paths.length }];
}

function scoring(ignored) {
  const format = ['--kubernetes-version', 'v1.34', '--output-format', 'ci', '--exit-one-on-warning'];
  return ['score', ...format, ...Object.keys(ignored).flatMap((test) => ['--ignore-test', test])];
}

function inspectNginx(environment, isSecured) {
  const ignored = { ...ignoredByGixy[environment], ...(isSecured && ignoredByGixy.https) };
  const { path, reads } = nginxConfiguration(environment, isSecured);
  return { args: ['--skips', Object.keys(ignored).join(), path], reads };
}

function shellScripts() {
  return files()
    .filter((path) => !/\.(ts|tsx|mjs|json|md|png|webp|svg|yaml|conf|sql|css|html)$/.test(path))
    .filter((path) => /^#!.*sh\b|^# shellcheck shell=/m.test(readFileSync(path, 'utf8').slice(0, 200)));
}
