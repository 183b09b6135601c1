import { isNoise, makePrinter, type PrinterOptions } from './output.js';

function printed(source: string, line: string, options: Partial<PrinterOptions> = {}): string {
  let output = '';
  const print = makePrinter({
    write: (text) => (output += text),
    width: 10,
    color: false,
    pretty: false,
    ...options,
  });
  print(source, line);
  return output;
}

const logLine =
  '{"level":"info","time":"2026-11-21T05:50:34.702Z","service":"task-api","pod":"task-api-1","msg":"listening"}';

test('puts the padded source in front of every line', () => {
  expect(printed('redis', 'hello')).toBe('redis      | hello\n');
});

test('passes JSON lines through when the output is not a terminal', () => {
  expect(printed('task-api-1', logLine)).toBe(`task-api-1 | ${logLine}\n`);
});

test('makes JSON lines readable on a terminal', () => {
  expect(printed('task-api-1', logLine, { pretty: true })).toMatch(
    /^task-api-1 \| \[[\d:.]+\] INFO: listening\n$/,
  );
});

test('passes a line through that only looks like JSON', () => {
  expect(printed('x', '{ not json', { pretty: true })).toBe('x          | { not json\n');
});

test('gives every line of a stack trace its source', () => {
  const line = JSON.stringify({
    level: 50,
    msg: 'failed',
    err: { type: 'Error', message: 'no', stack: 'Error: no\n    at x' },
  });
  const lines = printed('x', line, { pretty: true }).trimEnd().split('\n');
  expect(lines.length).toBeGreaterThan(1);
  for (const each of lines) expect(each.startsWith('x          | ')).toBe(true);
});

test('colours the source only when asked', () => {
  expect(printed('x', 'y', { color: true })).toBe('\u001b[36mx          | \u001b[0my\n');
});

test('leaves out what servers say at every start, and keeps errors', () => {
  expect(isNoise('postgres', 'time=… user= database= LOG:  database system is ready')).toBe(true);
  expect(isNoise('postgres', 'time=… user=a database=b ERROR:  relation "x" does not exist')).toBe(false);
  expect(isNoise('redis', '12:M 21 Nov 2026 05:43:53.808 # Server initialized')).toBe(true);
  expect(isNoise('redis', '*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***')).toBe(false);
  expect(isNoise('task-api-1', 'LOG:  mine')).toBe(false);
});
