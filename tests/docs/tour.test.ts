import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createOpenApiDocument } from '@millrace/contracts/openapi';

const pages = ['README.md', 'docs/TOUR.md']
  .map((page) => readFileSync(join(__dirname, '../..', page), 'utf8'))
  .join('\n');

/** A command on one line, with the same placeholder for every id. */
const normalize = (command: string) =>
  command
    .replace(/\s*\\?\n\s*/g, ' ')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}|<id>/g, 'ID')
    .trim();

const description = JSON.stringify(createOpenApiDocument(), (_key, value: unknown) => value);
const samples = new Set(
  [...description.matchAll(/"source":("(?:[^"\\]|\\.)*")/g)].map(([, source]) =>
    normalize(JSON.parse(source!) as string),
  ),
);
const commands = [...pages.matchAll(/^\$ (curl (?:[^\n]*\\\n)*[^\n]*)$/gm)].map(([, command]) =>
  normalize(command!),
);

it('shows only commands that are examples in the OpenAPI document, which are run against the product', () => {
  expect(commands.length).toBeGreaterThan(10);
  // The example of an error response is not among them.
  const missing = commands.filter((command) => !samples.has(command) && !command.includes('colour'));
  expect(missing).toEqual([]);
});
