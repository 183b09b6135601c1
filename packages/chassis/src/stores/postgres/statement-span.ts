import type { SpanDescription } from '@millrace/tracing';

const descriptions = new Map<string, SpanDescription>();

/**
 * The span of a statement, named after what it does to which tables: `INSERT tasks INSERT jobs`. It contains neither the text nor the values, which
 * are personal data. There are few different statements: what varies is in their values.
 */
export function describeStatement(text: string): SpanDescription {
  let description = descriptions.get(text);
  if (!description) {
    const summary = summaryOf(text);
    description = {
      name: summary,
      kind: 'client',
      attributes: { 'db.system.name': 'postgresql', 'db.query.summary': summary },
    };
    descriptions.set(text, description);
  }
  return description;
}

/** Not the row locks (FOR UPDATE OF jobs), and not the updates of an upsert. */
const CHANGES =
  /(?<!\bFOR (?:NO KEY )?)\b(INSERT) INTO (\w+)|(?<!\bFOR (?:NO KEY )?)\b(UPDATE|DELETE)(?: FROM)? (?!OF\b|SET\b)(\w+)/g;

function summaryOf(text: string): string {
  const changes = [...text.matchAll(CHANGES)].map(
    ([, insert, into, verb, table]) => `${insert ?? verb} ${into ?? table}`,
  );
  if (changes.length > 0) return [...new Set(changes)].join(' ');
  const [verb = ''] = /[A-Z]+/.exec(text) ?? [];
  if (verb !== 'SELECT' && verb !== 'WITH') return verb;
  return ['SELECT', /\bFROM ([a-z]\w*)(?!\w*\()/.exec(text)?.[1]].filter(Boolean).join(' ');
}
