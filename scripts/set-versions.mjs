// Gives all packages and services, and their dependencies on one another, the version of the root. Run by `npm version`.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const read = (file) => JSON.parse(readFileSync(join(root, file), 'utf8'));
const write = (file, content) => writeFileSync(join(root, file), `${JSON.stringify(content, null, 2)}\n`);

const { version } = read('package.json');
const lock = read('package-lock.json');
for (const [folder, locked] of Object.entries(lock.packages)) {
  if (!/^(packages|services)\//.test(folder)) continue;
  const file = join(folder, 'package.json');
  const own = read(file);
  for (const { dependencies = {} } of [own, locked])
    for (const name of Object.keys(dependencies))
      if (name.startsWith('@millrace/')) dependencies[name] = version;
  own.version = locked.version = version;
  write(file, own);
}
write('package-lock.json', lock);
