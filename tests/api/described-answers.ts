import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { createOpenApiDocument, type OpenApiDocument } from '@millrace/contracts/openapi';
import type { Reply } from './client.js';

export interface DescribedOperation {
  method: string;
  path: string;
  operationId: string;
  responses: Record<string, DescribedResponse>;
  'x-codeSamples'?: { source: string }[];
}

interface DescribedResponse {
  content?: Record<string, { schema?: object }>;
  headers: Record<string, { $ref?: string; required?: boolean; schema?: object }>;
}

export function operationsOf(document: OpenApiDocument): DescribedOperation[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Omit<DescribedOperation, 'method' | 'path'>>).map(
      ([method, operation]) => ({ ...operation, method, path }),
    ),
  );
}

const { components } = createOpenApiDocument({ isSecured: true }) as unknown as {
  components: { headers: Record<string, { required?: boolean; schema: object }> };
};
const ajv = addFormats(new Ajv2020({ strict: false, allErrors: true }));

/** Checks a response's type, body and headers against the description of its status. */
export function checkAnswer({ responses }: Pick<DescribedOperation, 'responses'>, reply: Reply): void {
  const described = responses[String(reply.status)] ?? responses['default']!;
  const type = reply.headers['content-type']?.split(';')[0];

  const types = Object.keys(described.content ?? {});
  if (types.length === 0) expect({ type, length: reply.body.length }).toEqual({ type: undefined, length: 0 });
  else expect(types).toContain(type);

  const schema = type === undefined ? undefined : described.content?.[type]?.schema;
  if (schema)
    expectMatch(
      schema,
      type !== undefined && /[/+]json$/.test(type) ? JSON.parse(reply.text()) : reply.text(),
    );

  for (const [name, header] of Object.entries(described.headers)) {
    const { required = false, schema: headerSchema = {} } = resolve(header);
    const value = reply.headers[name.toLowerCase()];
    if (required) expect([name, value]).toEqual([name, expect.any(String)]);
    const isNumber = 'type' in headerSchema && headerSchema.type === 'integer';
    if (value !== undefined) expectMatch(headerSchema, isNumber ? Number(value) : value);
  }
}

function resolve(header: DescribedResponse['headers'][string]) {
  return header.$ref === undefined ? header : components.headers[header.$ref.split('/').at(-1)!]!;
}

function expectMatch(schema: object, value: unknown): void {
  const check = ajv.compile(closed({ ...schema, components }) as object);
  expect({ value, errors: check(value) ? [] : check.errors }).toEqual({ value, errors: [] });
}

/** The same schema, but without undescribed fields: clients may ignore those, a test must not. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  const isObject = copy['type'] === 'object' && 'properties' in copy;
  return isObject && !('additionalProperties' in copy) ? { ...copy, additionalProperties: false } : copy;
}
