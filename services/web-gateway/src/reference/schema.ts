import { escapeHtml } from '@millrace/chassis/http';
import type { Parameter, Schema } from './description.js';

/** Plain text with `code` in it. */
export function prose(text: string): string {
  return escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}

/** A list of an object's fields, those of objects inside it too: `progress.done`, `attempts[].pod`. */
export function fieldList(schema: Schema): string {
  return list(fieldsOf(schema));
}

export function parameterList(parameters: Parameter[]): string {
  return list(parameters.map(({ name, required = false, ...rest }) => ({ name, required, ...rest })));
}

/** A schema's kind in a few words, as HTML: `array of Task`, `integer, 1 to 200, default 50`. */
export function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return reference(schema.$ref);
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
  const types = [schema.type ?? 'any'].flat();
  const named = types.map((type) => nameOf(type, schema)).join(' or ');
  return [named, ...rulesOf(schema).map(prose)].join(', ');
}

interface Field {
  name: string;
  required: boolean;
  schema: Schema;
  description?: string;
}

function list(fields: Field[]): string {
  const items = fields.map(({ name, required, schema, description = schema.description }) => {
    const mark = required ? ' <span class="required">required</span>' : '';
    const says = description === undefined ? '' : `<dd>${prose(description)}</dd>`;
    return `<div><dt><code>${escapeHtml(name)}</code>${mark} <span class="type">${typeOf(schema)}</span></dt>${says}</div>`;
  });
  return `<dl class="fields">${items.join('\n')}</dl>`;
}

function fieldsOf(schema: Schema, prefix = ''): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
    const name = prefix + key;
    const required = schema.required?.includes(key) ?? false;
    const { items, additionalProperties: values } = property;
    return [
      { name, required, schema: property },
      ...fieldsOf(property, `${name}.`),
      ...(items ? fieldsOf(items, `${name}[].`) : []),
      ...(typeof values === 'object' ? fieldsOf(values, `${name}.*.`) : []),
    ];
  });
}

function reference(ref: string): string {
  const name = ref.slice(ref.lastIndexOf('/') + 1);
  return `<a href="#object-${name}">${name}</a>`;
}

function nameOf(type: string, { enum: values, items, format }: Schema): string {
  if (type === 'null') return 'null';
  if (values)
    return values
      .filter((value) => value !== null)
      .map(codeOf)
      .join(' | ');
  if (type === 'array' && items) return `array of ${items.properties ? 'objects' : typeOf(items)}`;
  return escapeHtml(FORMATS[format ?? ''] ?? type);
}

const FORMATS: Record<string, string> = {
  uuid: 'UUID',
  'date-time': 'date and time',
  email: 'email address',
  binary: 'file',
};

function rulesOf({
  minimum,
  maximum,
  maxLength,
  minProperties,
  pattern,
  default: fallback,
}: Schema): string[] {
  return [
    ...(minimum !== undefined && maximum !== undefined
      ? [`${minimum} to ${maximum}`]
      : [minimum].filter((value) => value !== undefined).map((value) => `at least ${value}`)),
    ...(maxLength === undefined ? [] : [`at most ${maxLength.toLocaleString('en')} characters`]),
    ...(minProperties === undefined ? [] : [`at least ${minProperties} field`]),
    ...(pattern === '\\S' ? ['not blank'] : pattern === undefined ? [] : [`matching \`${pattern}\``]),
    ...(fallback === undefined
      ? []
      : [
          `default \`${typeof fallback === 'string' && fallback !== '' ? fallback : JSON.stringify(fallback)}\``,
        ]),
  ];
}

function codeOf(value: unknown): string {
  return `<code>${escapeHtml(String(value))}</code>`;
}
