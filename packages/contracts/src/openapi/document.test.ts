import { validate } from '@readme/openapi-parser';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { createOpenApiDocument } from './document.js';

/** The parts of the document that these tests look at. */
interface Described {
  paths: Record<string, Record<string, Operation>>;
  components: object;
}
interface Operation {
  operationId: string;
  parameters?: { name: string; schema: { example?: unknown } }[];
  requestBody?: { content: Content };
  responses: Record<
    string,
    { content?: Content; headers: Record<string, { example?: unknown; schema: object }> }
  >;
}
type Content = Record<string, { schema?: object; example?: unknown }>;

const document = createOpenApiDocument() as unknown as Described;
const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
const ajv = addFormats(new Ajv2020({ strict: false }));

test('it is valid OpenAPI 3.1', async () => {
  // The validator resolves references in place.
  const result = await validate(structuredClone(document) as never);
  expect(result).toEqual({ valid: true, warnings: [], specification: 'OpenAPI' });
  expect(document).toMatchObject({ openapi: '3.1.0' });
});

test('building it twice gives the same result', () => {
  expect(createOpenApiDocument()).toEqual(document);
});

test('no two operations have the same id', () => {
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

test.each(operations)('the examples of $operationId match their schemas', (operation) => {
  for (const { schema } of operation.parameters ?? [])
    if (schema.example !== undefined) expectMatch(schema, schema.example);
  const contents = [operation.requestBody, ...Object.values(operation.responses)];
  for (const { schema, example } of contents.flatMap((body) => Object.values(body?.content ?? {})))
    if (schema && example !== undefined) expectMatch(schema, example);
  for (const response of Object.values(operation.responses))
    for (const { schema, example } of Object.values(response.headers))
      if (example !== undefined) expectMatch(schema, example);
});

test.each(operations)('every JSON response of $operationId has an example', ({ operationId, responses }) => {
  const contents = Object.values(responses).map(({ content }) => content?.['application/json']);
  const bare = contents.filter((content) => content && content.example === undefined);
  // The example would be this document itself.
  expect(bare).toHaveLength(operationId === 'getDescription' ? 1 : 0);
});

function expectMatch(schema: object, value: unknown): void {
  const check = ajv.compile({ ...schema, components: document.components });
  expect({ value, errors: check(value) ? [] : check.errors }).toEqual({ value, errors: [] });
}
