import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serviceNames } from '#topology';

const root = join(__dirname, '../..');
const dockerfileOf = (service: string) => readFileSync(join(root, 'services', service, 'Dockerfile'), 'utf8');

const [first = '', ...others] = serviceNames;

describe('the Dockerfiles of the services', () => {
  // Any difference would be built once for each service, and would have to be changed seven times.
  it.each(others)('differ in the name only: %s', (service) => {
    expect(dockerfileOf(service)).toBe(dockerfileOf(first).replaceAll(first, service));
  });
});
