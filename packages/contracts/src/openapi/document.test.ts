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
  security?: object[];
  parameters?: { name: string; schema: { example?: unknown } }[];
  requestBody?: { content: Content };
  responses: Record<
    string,
    { content?: Content; headers: Record<string, { example?: unknown; schema: object }> }
  >;
}
type Content = Record<string, { schema?: object; example?: unknown }>;

const ajv = addFormats(new Ajv2020({ strict: false }));

describe.each([{ isSecured: false }, { isSecured: true }])('the document with %j', (options) => {
  const document = createOpenApiDocument(options) as unknown as Described;
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));

  test('it is valid OpenAPI 3.1', async () => {
    // The validator resolves references in place.
    const result = await validate(structuredClone(document) as never);
    expect(result).toEqual({ valid: true, warnings: [], specification: 'OpenAPI' });
    expect(document).toMatchObject({ openapi: '3.1.0' });
  });

  test('building it twice gives the same result', () => {
    expect(createOpenApiDocument(options)).toEqual(document);
  });

  test('no two operations have the same id', () => {
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test.each(operations)('the examples of $operationId match their schemas', (operation) => {
    for (const { schema } of operation.parameters ?? [])
      if (schema.example !== undefined) expectMatch(document, schema, schema.example);
    const contents = [operation.requestBody, ...Object.values(operation.responses)];
    for (const { schema, example } of contents.flatMap((body) => Object.values(body?.content ?? {})))
      if (schema && example !== undefined) expectMatch(document, schema, example);
    for (const response of Object.values(operation.responses))
      for (const { schema, example } of Object.values(response.headers))
        if (example !== undefined) expectMatch(document, schema, example);
  });

  test.each(operations)(
    'every JSON response of $operationId has an example',
    ({ operationId, responses }) => {
      const contents = Object.values(responses).map(({ content }) => content?.['application/json']);
      const bare = contents.filter((content) => content && content.example === undefined);
      // The example would be this document itself.
      expect(bare).toHaveLength(operationId === 'getDescription' ? 1 : 0);
    },
  );
});

test('operations require a scope only with AUTH_MODE=jwt', () => {
  const securedIn = ({ paths }: Described) =>
    Object.values(paths)
      .flatMap((methods) => Object.values(methods))
      .filter(({ responses, security }) => security && responses[401] && responses[403]).length;
  expect(securedIn(createOpenApiDocument() as unknown as Described)).toBe(0);
  expect(securedIn(createOpenApiDocument({ isSecured: true }) as unknown as Described)).toBeGreaterThan(20);
});

function expectMatch({ components }: Described, schema: object, value: unknown): void {
  const check = ajv.compile({ ...schema, components });
  expect({ value, errors: check(value) ? [] : check.errors }).toEqual({ value, errors: [] });
}
