import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where servers are installed; an ordinary user's PATH often lacks the sbin folders. */
const serverFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/opt/homebrew/bin'];

/** The path of a program on this machine. Throws, with installation instructions, when there is none. */
export function findProgram(name: string): string {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...serverFolders];
  const path = folders.map((folder) => join(folder, name)).find(isExecutable);
  if (!path)
    throw new Error(`${name} is not installed. Run "node local/prepare.mjs", which installs it or says how.`);
  return path;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
