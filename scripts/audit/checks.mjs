// What is checked, by which tool, and what is ignored for which reason. Paths are relative to the current folder, a Git repository.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { toolPath } from './tools.mjs';

/**
 * Each check runs a tool, once or several times; a status other than 0 means findings.
 *
 * `from` is the installer of the tool; `reads` the number of files that a run reads, because a check without files fails; `noise` what is not
 * a finding in its output.
 */
export const checks = [
  { name: 'hadolint', from: 'pip', runs: () => one(files('services/*/Dockerfile', 'local/*/Dockerfile')) },
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
    runs: () => one(files('k8s/*.yaml'), ...kubeScoreOptions, ...ignoring(ignoredByKubeScore)),
    noise: /^\[(OK|SKIPPED)\].*\n/gm,
  },
  { name: 'gixy', from: 'pip', runs: nginxEnvironments },
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
const kubeScoreOptions = [
  'score',
  '--kubernetes-version',
  'v1.34',
  '--output-format',
  'ci',
  '--exit-one-on-warning',
];

const ignoredByKubeScore = {
  'deployment-replicas': 'the number of replicas is set by an autoscaler or by `kubectl scale`',
  'horizontalpodautoscaler-replicas':
    'a laptop starts with one replica of each; overlays/prod has two at least',
  'deployment-has-host-podantiaffinity':
    'topologySpreadConstraints spread the replicas, and still allow a cluster of one node',
  'container-image-pull-policy': 'in development the images are in no registry; elsewhere tags do not change',
  'service-type': 'the node port is how a laptop reaches Nginx; overlays/prod closes it',
};

/** By environment. */
const ignoredByGixy = {
  compose: {},
  kubernetes: { resolver_external: 'kube-dns.kube-system is the DNS server of the cluster itself' },
};

function one(paths, ...options) {
  return [{ args: [...options, ...paths], reads: paths.length }];
}

function ignoring(reasons) {
  return Object.keys(reasons).flatMap((test) => ['--ignore-test', test]);
}

/** Files known to Git, and new ones. */
function files(...patterns) {
  const options = ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...patterns];
  return execFileSync('git', options, { encoding: 'utf8' }).split('\n').filter(Boolean);
}

function shellScripts() {
  return files()
    .filter((path) => !/\.(ts|tsx|mjs|json|md|png|webp|svg|yaml|conf|sql|css|html)$/.test(path))
    .filter((path) => /^#!.*sh\b|^# shellcheck shell=/m.test(readFileSync(path, 'utf8').slice(0, 200)));
}

/** Nginx' configuration is complete only together with the files of an environment. */
function nginxEnvironments() {
  return Object.entries(ignoredByGixy).map(([environment, reasons]) => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-audit-'));
    const paths = files('nginx/*.conf');
    for (const path of paths) {
      const [name, place = environment] = basename(path, '.conf').split('.');
      if (place === environment || name === 'listen') copyFileSync(path, join(folder, `${name}.conf`));
    }
    const skips = Object.keys(reasons).flatMap((test) => ['--skips', test]);
    return { args: [...skips, join(folder, 'nginx.conf')], reads: paths.length };
  });
}
