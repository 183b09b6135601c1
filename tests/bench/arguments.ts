import { parseArgs } from 'node:util';

export interface Arguments {
  help: boolean;
  short: boolean;
  /** Writes the table and plots to docs/PERFORMANCE.md. */
  docs: boolean;
  /** Where to write the results as JSON. */
  json: string | undefined;
  /** Which rows to measure, in the order of the suite. */
  rows: string[];
}

/** What is wrong with the command line, as a message for people. */
export class UsageError extends Error {}

/** @param names of all rows. @throws UsageError */
export function readArguments(args: string[], names: readonly string[]): Arguments {
  const { only, ...options } = parse(args);
  const wanted = only.flatMap((value) => value.split(',')).map((name) => name.trim());
  const unknown = wanted.filter((name) => rowsNamed(name, names).length === 0);
  if (unknown.length > 0)
    throw new UsageError(
      `There is no row ${unknown.map((name) => `"${name}"`).join(', ')}. Rows: ${names.join(', ')}.`,
    );
  const chosen = new Set(wanted.flatMap((name) => rowsNamed(name, names)));
  return {
    ...options,
    json: options.json,
    rows: names.filter((name) => wanted.length === 0 || chosen.has(name)),
  };
}

/** The row with this name or, for the first part of a name, all of them: `growth`, `hops`. */
function rowsNamed(name: string, names: readonly string[]): string[] {
  return names.includes(name) ? [name] : names.filter((other) => other.startsWith(`${name}-`));
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        only: { type: 'string', multiple: true, default: [] },
        json: { type: 'string' },
        short: { type: 'boolean', default: false },
        docs: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    const [firstSentence = ''] = (error as Error).message.split(/\. |\n/);
    throw new UsageError(
      `${firstSentence.replace(/\.$/, '')}. Options: --only ROW, --json FILE, --short, --docs, --help.`,
      { cause: error },
    );
  }
}

export function usage(rows: readonly { name: string; title: string }[]): string {
  const width = Math.max(...rows.map(({ name }) => name.length));
  return `Usage: npm run bench [-- OPTION...]

Measures this product beside the machine's limits and comparable systems, in interleaved rounds.

  --only ROW   measure only this row; can be repeated, or a list separated by commas;
               the first part of a name selects all rows that begin with it (growth, hops)
  --json FILE  write the results to a file, as an array of {row, ratio, low, high, goal, met}
  --short      fewer and shorter rounds, smaller tables: all rows in about three minutes
  --docs       write the table and plots to docs/PERFORMANCE.md
  --help       show this

Ends with status 1 when a goal is missed.

Rows:
${rows.map(({ name, title }) => `  ${name.padEnd(width)}  ${title}`).join('\n')}
`;
}
