import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkHealth } from '@millrace/chassis/http';
import { createOpenApiDocument } from '@millrace/contracts/openapi';

interface Package {
  name: string;
  version: string;
  dependencies?: Record<string, string>;
}

const root = join(__dirname, '../..');
const folders = ['packages', 'services'].flatMap((parent) =>
  readdirSync(join(root, parent)).map((folder) => join(parent, folder)),
);
const readPackage = (folder: string, base = root) =>
  JSON.parse(readFileSync(join(base, folder, 'package.json'), 'utf8')) as Package;
const { version } = readPackage('.');

/** Of a package, and of its dependencies on the others. */
function versionsOf({ version: own, dependencies = {} }: Package): string[] {
  const others = Object.entries(dependencies).filter(([name]) => name.startsWith('@millrace/'));
  return [own, ...others.map(([, wanted]) => wanted)];
}

// Not included: the tag in overlays/prod, which says what runs there.
describe('there is one version', () => {
  it.each(folders)('in %s, and in its dependencies on the others', (folder) => {
    expect(new Set(versionsOf(readPackage(folder)))).toEqual(new Set([version]));
  });

  it('in the API description, and in the health of a service', async () => {
    expect(createOpenApiDocument().info.version).toBe(version);
    expect((await checkHealth({ service: 'any', pod: 'any-1' })).version).toBe(version);
  });

  it('after `npm version`, too', () => {
    const copy = mkdtempSync(join(tmpdir(), 'millrace-version-'));
    try {
      const script = 'scripts/set-versions.mjs';
      for (const file of [
        'package-lock.json',
        script,
        ...folders.map((folder) => join(folder, 'package.json')),
      ])
        cpSync(join(root, file), join(copy, file));
      writeFileSync(join(copy, 'package.json'), JSON.stringify({ ...readPackage('.'), version: '7.8.9' }));
      execFileSync(process.execPath, [join(copy, script)]);
      const lock = JSON.parse(readFileSync(join(copy, 'package-lock.json'), 'utf8')) as {
        packages: Record<string, Package>;
      };
      for (const folder of folders)
        for (const found of [readPackage(folder, copy), lock.packages[folder]!])
          expect(new Set(versionsOf(found))).toEqual(new Set(['7.8.9']));
    } finally {
      rmSync(copy, { recursive: true });
    }
  });
});
