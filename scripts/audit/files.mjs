import { execFileSync } from 'node:child_process';

/** Files known to Git, and new ones. */
export function files(...patterns) {
  const options = ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...patterns];
  return execFileSync('git', options, { encoding: 'utf8' }).split('\n').filter(Boolean);
}
