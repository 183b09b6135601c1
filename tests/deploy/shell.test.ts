import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

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

  // What bash 3.2 on macOS does not support; and there, an empty array is an error under `set -u`.
  const newer = [
    /\b(mapfile|readarray|coproc|globstar|BASHPID|EPOCH(SECONDS|REALTIME)|SRANDOM)\b/,
    /\b(declare|local|typeset) -[a-zA-Z]*[Aglnu]/,
    /\$\{\w+(\[[^\]]*\])?(,|\^|@[A-Za-z]\})/,
    /\$\{\w+\[-/,
    /&>>|\|&|;;?&|\bwait -[np]|\bread -\w*[iN]|\[\[? -v |exec \{\w+\}|\{0\d+\.\.|%\([^)]*\)T|\\u[0-9a-f]{4}/,
    // There, the `)` of a `case` ends the command substitution.
    /\$\([^()]*\bcase\b[^()]* in\b/,
  ];

  /** Arrays that are empty at first, to which nothing is added, and which are used as if they had elements. */
  function emptyArrays(text: string): string[] {
    const names = [...text.matchAll(/\b(\w+)=\(\)/g)].map(([, name]) => name!);
    return names.filter(
      (name) => !text.includes(`${name}+=(`) && new RegExp(`(?<!\\+)"\\$\\{${name}\\[@\\]\\}"`).test(text),
    );
  }

  it.each(scripts)('%s uses no features newer than bash 3.2', (script) => {
    const text = readFileSync(join(root, script), 'utf8');
    const code = text.split('\n').filter((line) => !/^\s*#/.test(line));
    expect(code.filter((line) => newer.some((pattern) => pattern.test(line)))).toEqual([]);
    expect(emptyArrays(text)).toEqual([]);
  });

  it('with newer features would be detected', () => {
    const lines = [
      'mapfile -t old',
      'declare -A seen',
      'echo ${x,,}',
      'echo "${a[-1]}"',
      'ls |& cat',
      'ls &>>log',
    ].concat([
      'wait -n',
      'local -n it=x',
      'x=$(case $y in a) echo;; esac)',
      'echo ${x@Q}',
      '[ -v x ]',
      "printf '%(%F)T'",
    ]);
    expect(lines.filter((line) => !newer.some((pattern) => pattern.test(line)))).toEqual([]);
    expect(emptyArrays('a=()\ncat "${a[@]}"')).toEqual(['a']);
    expect(emptyArrays('a=()\ncat ${a[@]+"${a[@]}"}')).toEqual([]);
  });

  // On macOS `sh` is bash.
  const shIsAnother = spawnSync('sh', ['-c', 'echo "$BASH_VERSION"'], { encoding: 'utf8' }).stdout === '\n';
  const forPeople = ['deploy.sh', 'load-test.sh', 'scripts/push-images.sh', 'scripts/roll.sh'].concat(
    'scripts/make-kubernetes-secrets.sh',
  );

  (shIsAnother ? it : it.skip).each(forPeople)('%s tells another shell that it is for bash', (script) => {
    const { status, stderr } = spawnSync('sh', [join(root, script)], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([2, `${basename(script)} needs bash 3.2 or newer: bash ${script}\n`]);
  });
});
