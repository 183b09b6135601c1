import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { watch } from 'chokidar';
import { repositoryRoot } from '../paths.js';
import type { ServiceName } from '#topology';

const settleMs = 100;

/**
 * Reports which services a change of the sources affects: a change in their own files, or in a package that they import. An editor may
 * write in place or replace the file; both count. Tests do not.
 *
 * @returns a function that stops watching
 */
export async function watchSources(
  services: readonly ServiceName[],
  onChange: (service: ServiceName) => void,
  root = repositoryRoot,
): Promise<() => Promise<void>> {
  const foldersOf = new Map(
    services.map((service) => [service, importedFolders(root, `services/${service}`)]),
  );
  const changed = new Set<ServiceName>();
  let timer: NodeJS.Timeout | undefined;

  // Saving all files of an editor, or switching the branch, is one change.
  const report = () => {
    for (const service of changed) onChange(service);
    changed.clear();
  };
  const watcher = watch(
    [...new Set([...foldersOf.values()].flat())].map((folder) => join(root, folder, 'src')),
    { ignoreInitial: true, ignored: (path) => path.endsWith('.test.ts') },
  );
  watcher.on('all', (_event, path) => {
    const file = relative(root, path);
    for (const [service, folders] of foldersOf) {
      if (folders.some((folder) => file.startsWith(`${folder}/`))) changed.add(service);
    }
    clearTimeout(timer);
    timer = setTimeout(report, settleMs);
  });

  await once(watcher, 'ready');
  return async () => {
    clearTimeout(timer);
    await watcher.close();
  };
}

/** A workspace's folder and those of all packages it depends on, directly or indirectly. */
function importedFolders(root: string, folder: string): string[] {
  const manifest = readFileSync(join(root, folder, 'package.json'), 'utf8');
  const { dependencies = {} } = JSON.parse(manifest) as { dependencies?: Record<string, string> };
  const own = Object.keys(dependencies).filter((name) => name.startsWith('@millrace/'));
  return [folder, ...own.flatMap((name) => importedFolders(root, name.replace('@millrace/', 'packages/')))];
}
