import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createOpenApiDocument } from '@millrace/contracts/openapi';

const readme = readFileSync(join(__dirname, '../../README.md'), 'utf8');

/** A command on one line, whatever its breaks and ids. */
const normalize = (command: string) =>
  command
    .replace(/\s*\\?\n\s*/g, ' ')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}|<id>/g, 'ID')
    .trim();

const described = JSON.stringify(createOpenApiDocument(), (_key, value: unknown) => value);
const samples = new Set(
  [...described.matchAll(/"source":("(?:[^"\\]|\\.)*")/g)].map(([, source]) =>
    normalize(JSON.parse(source!) as string),
  ),
);
const commands = [...readme.matchAll(/^\$ (curl (?:[^\n]*\\\n)*[^\n]*)$/gm)].map(([, command]) =>
  normalize(command!),
);

it("has the README's tour in the API's description, where each command is run against the product", () => {
  expect(commands.length).toBeGreaterThan(10);
  // A mistake, to show how it is answered.
  const missing = commands.filter((command) => !samples.has(command) && !command.includes('colour'));
  expect(missing).toEqual([]);
});
