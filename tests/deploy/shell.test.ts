import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const scripts = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && !/\.(ts|mjs|json|md|png|svg|yaml|conf|sql)$/.test(file))
  .filter((file) =>
    /^#!.*sh\b|^# shellcheck shell=/m.test(readFileSync(join(root, file), 'utf8').slice(0, 200)),
  );

const shellcheck = spawnSync('shellcheck', ['--version']).status === 0;
if (!shellcheck) console.warn('shellcheck is not installed: the shell scripts are not checked.');

describe('shell scripts', () => {
  it('are found', () => {
    expect(scripts).toEqual(
      expect.arrayContaining(['.ci/run', 'deploy.sh', 'scripts/deploy/problems.sh', 'docker/entrypoint']),
    );
  });

  (shellcheck ? it : it.skip).each(scripts)('%s has nothing that shellcheck finds', (script) => {
    const { stdout } = spawnSync('shellcheck', [script], { cwd: root, encoding: 'utf8' });
    expect(stdout).toBe('');
  });

  // What the bash of macOS, 3.2, does not know.
  it.each(
    scripts.filter(
      (script) =>
        script === 'deploy.sh' || script.startsWith('scripts/deploy/') || script === 'scripts/push-images.sh',
    ),
  )('%s does without what came after bash 3.2', (script) => {
    const newer =
      /\b(mapfile|readarray|coproc)\b|(declare|local|typeset) -[a-zA-Z]*[Agn]|\$\{\w+(,,|\^\^|@[A-Z])|&>>|\|&|wait -n|EPOCHSECONDS/;
    const lines = readFileSync(join(root, script), 'utf8').split('\n');
    expect(lines.filter((line) => newer.test(line))).toEqual([]);
  });
});
