import { exportRequestSchema } from '@millrace/chassis/traces';
import { eventually } from '../../tests/support/eventually.js';
import { exportOf, type MadeSpan, traceIdOf } from '../../tests/support/otlp-spans.js';
import { createTraceStore, DEFAULT_LIMITS, type StoreLimits, type TraceStore } from './store.js';

const storeWith = (limits: Partial<StoreLimits>) => createTraceStore({ ...DEFAULT_LIMITS, ...limits });
const add = (store: TraceStore, ...spans: MadeSpan[]) =>
  store.add(exportRequestSchema.parse(exportOf(spans)).resourceSpans);
const spansOf = (store: TraceStore, trace: number) => {
  const found = store.find(traceIdOf(trace));
  if (found === undefined) return undefined;
  return exportRequestSchema
    .parse({ resourceSpans: JSON.parse(found) })
    .resourceSpans.flatMap(({ scopeSpans }) =>
      scopeSpans.flatMap(({ spans }) => spans.map(({ name }) => name)),
    );
};
const has = (store: TraceStore, ...traces: number[]) =>
  traces.map((trace) => spansOf(store, trace) !== undefined);

it('returns what it was given, by replica', () => {
  const store = storeWith({});
  const [one, other] = [
    exportOf([{ trace: 1, span: 1, name: 'père' }], 'a-1'),
    exportOf([{ trace: 1, span: 2 }], 'a-2'),
  ];
  const exported = [one, other].flatMap((body) => exportRequestSchema.parse(body).resourceSpans);
  expect(store.add(exported)).toBe(0);
  const { resourceSpans } = exportRequestSchema.parse({
    resourceSpans: JSON.parse(store.find(traceIdOf(1))!),
  });
  expect(resourceSpans).toEqual(exported);
  expect(store.find(traceIdOf(2))).toBeUndefined();
});

it('stores a repeated span once, in its latest form', () => {
  const store = storeWith({});
  add(store, { trace: 1, span: 1, name: 'a long name for the first time' });
  add(store, { trace: 1, span: 1, name: 'then' });
  expect(spansOf(store, 1)).toEqual(['then']);
  const again = storeWith({});
  add(again, { trace: 1, span: 1, name: 'then' });
  expect(store.size()).toEqual(again.size());
});

it('drops the oldest trace when there are too many', () => {
  const store = storeWith({ traces: 2 });
  add(store, { trace: 1, span: 1 }, { trace: 2, span: 1 });
  // Its age counts from its first span.
  add(store, { trace: 1, span: 2 });
  add(store, { trace: 3, span: 1 });
  expect(has(store, 1, 2, 3)).toEqual([false, true, true]);
  expect(store.size().traces).toBe(2);
});

it('drops the oldest traces when they take too many bytes together', () => {
  const store = storeWith({ bytes: 10_000 });
  let refused = 0;
  for (let trace = 1; trace <= 1_000; trace += 1) {
    refused += add(store, { trace, span: 1, name: 'x'.repeat(500) });
    expect(store.size().bytes).toBeLessThanOrEqual(10_000);
  }
  expect(refused).toBe(0);
  const { traces, bytes } = store.size();
  expect(bytes).toBeGreaterThan(8_000);
  expect(has(store, 1_000 - traces, 1_000 - traces + 1, 1_000)).toEqual([false, true, true]);
});

it('refuses spans beyond the limit of a trace, and keeps the others', () => {
  const store = storeWith({ traceSpans: 2 });
  expect(
    add(store, { trace: 1, span: 1 }, { trace: 1, span: 2 }, { trace: 1, span: 3 }, { trace: 2, span: 1 }),
  ).toBe(1);
  // A known span may still be repeated.
  expect(add(store, { trace: 1, span: 2, name: 'again' })).toBe(0);
  expect(spansOf(store, 1)).toEqual(['GET /things', 'again']);
  expect(has(store, 2)).toEqual([true]);
});

it('refuses spans that exceed the size of a trace', () => {
  const store = storeWith({ traceBytes: 2_000 });
  expect(add(store, { trace: 1, span: 1 }, { trace: 1, span: 2, name: 'x'.repeat(2_000) })).toBe(1);
  expect(add(store, { trace: 2, span: 1, name: 'x'.repeat(2_000) })).toBe(1);
  expect(has(store, 1, 2)).toEqual([true, false]);
  // Nor can an existing one grow.
  expect(add(store, { trace: 1, span: 1, name: 'x'.repeat(2_000) })).toBe(1);
  expect(spansOf(store, 1)).toEqual(['GET /things']);
});

it('drops a trace when it is old', async () => {
  const store = storeWith({ ageMs: 2_000 });
  add(store, { trace: 1, span: 1 });
  expect(has(store, 1)).toEqual([true]);
  await eventually(() => expect(has(store, 1)).toEqual([false]));
  expect(store.size()).toEqual({ traces: 0, bytes: 0 });
});

it('counts the bytes that a character really takes, in any script', () => {
  const store = storeWith({});
  add(store, { trace: 1, span: 1, name: '水車' });
  const text = store.find(traceIdOf(1))!;
  expect(text).toMatch(/^[\0-\x7f]+$/);
  expect(spansOf(store, 1)).toEqual(['水車']);
});
