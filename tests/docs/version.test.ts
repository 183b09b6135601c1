import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkHealth } from '@millrace/chassis';
import { createOpenApiDocument } from '@millrace/contracts/openapi';

interface Package {
  name: string;
  version: string;
  dependencies?: Record<string, string>;
}

const root = join(__dirname, '../..');
const readPackage = (...folders: string[]) =>
  JSON.parse(readFileSync(join(root, ...folders, 'package.json'), 'utf8')) as Package;
const { version } = readPackage();
const packages = ['packages', 'services'].flatMap((parent) =>
  readdirSync(join(root, parent)).map((folder) => readPackage(parent, folder)),
);

// Not among them: the tag in overlays/prod, which says what runs there.
describe('there is one version', () => {
  it.each(packages)(
    'in $name, and in what it takes from the others',
    ({ version: own, dependencies = {} }) => {
      expect(own).toBe(version);
      for (const [name, wanted] of Object.entries(dependencies))
        if (name.startsWith('@millrace/')) expect({ name, wanted }).toEqual({ name, wanted: version });
    },
  );

  it('in the description of the API, and in the health of a service', async () => {
    expect(createOpenApiDocument().info.version).toBe(version);
    expect((await checkHealth({ service: 'any', pod: 'any-1' })).version).toBe(version);
  });
});
