import { basename, dirname, join } from 'node:path';

/** The folder `local/` itself: this code runs from `local/dist/` when compiled and from `local/` under jest. */
export const localFolder = basename(__dirname) === 'dist' ? dirname(__dirname) : __dirname;

export const repositoryRoot = dirname(localFolder);

/** A compiled script of this folder, for processes that are plain Node and so cannot run the TypeScript source. */
export function compiledScript(name: string): string {
  return join(localFolder, 'dist', `${name}.js`);
}
