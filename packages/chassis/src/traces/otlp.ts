import { z } from 'zod';

// OTLP as JSON: ids in hexadecimal, 64-bit integers as text, enumerations as numbers; unknown fields are ignored.
// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
// Unused fields are left out: links, trace state, instrumentation scopes, counts of dropped items.

const idOf = (bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^(?!0+$)[0-9a-f]{${2 * bytes}}$`, 'i'), `must be ${2 * bytes} hexadecimal digits`)
    .toLowerCase();

const int64 = z.union([z.string().regex(/^-?\d{1,20}$/), z.number()], 'must be an integer').transform(String);

/** In a path or an export. */
export const traceIdSchema = idOf(16);

/** Nanoseconds since 1970. */
const time = z
  .union([z.string().regex(/^\d{1,20}$/), z.number().min(0)], 'must be a time in nanoseconds')
  .transform(String);

/** The value of an attribute; one of these is set. */
export interface AttributeValue {
  stringValue?: string | undefined;
  boolValue?: boolean | undefined;
  intValue?: string | undefined;
  doubleValue?: number | string | undefined;
  bytesValue?: string | undefined;
  arrayValue?: { values: AttributeValue[] } | undefined;
  kvlistValue?: { values: Attribute[] } | undefined;
}

export interface Attribute {
  key: string;
  value: AttributeValue;
}

const SCALARS = {
  stringValue: z.string(),
  boolValue: z.boolean(),
  intValue: int64,
  doubleValue: z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]),
  bytesValue: z.string(),
};

/**
 * Nested lists are kept down to this depth. A recursive schema would overflow the stack: JSON can be nested as deeply as it is
 * long.
 */
const DEPTH = 3;

function valueWithin(depth: number): z.ZodType<AttributeValue> {
  if (depth === 0) return z.object(SCALARS).partial();
  const value = valueWithin(depth - 1);
  return z
    .object({
      ...SCALARS,
      arrayValue: z.object({ values: z.array(value).default([]) }),
      kvlistValue: z.object({ values: z.array(z.object({ key: z.string(), value })).default([]) }),
    })
    .partial();
}

const attributes = z.array(z.object({ key: z.string(), value: valueWithin(DEPTH).default({}) })).default([]);

const spanSchema = z.object({
  traceId: traceIdSchema,
  spanId: idOf(8),
  /** Empty or missing for the root of a trace. */
  parentSpanId: z.union([z.literal(''), idOf(8)]).default(''),
  name: z.string().default(''),
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer */
  kind: z.int().default(0),
  startTimeUnixNano: time.default('0'),
  endTimeUnixNano: time.default('0'),
  attributes,
  events: z
    .array(z.object({ timeUnixNano: time.default('0'), name: z.string().default(''), attributes }))
    .default([]),
  /** 2: it has failed. */
  status: z
    .object({ code: z.int().default(0), message: z.string().default('') })
    .default({ code: 0, message: '' }),
});

const resourceSpansSchema = z.object({
  resource: z.object({ attributes }).default({ attributes: [] }),
  scopeSpans: z.array(z.object({ spans: z.array(spanSchema).default([]) })).default([]),
});

/** The body of an export, which is also the form in which stores give traces back. */
export const exportRequestSchema = z.object({ resourceSpans: z.array(resourceSpansSchema).default([]) });

export type ExportedSpan = z.infer<typeof spanSchema>;
/** What one process exported at once. */
export type ResourceSpans = z.infer<typeof resourceSpansSchema>;
