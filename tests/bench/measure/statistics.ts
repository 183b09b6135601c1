/** The middle value, or the mean of the two in the middle; NaN if there are none. */
export function median(values: readonly number[]): number {
  const sorted = ascending(values);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The smallest value that at least this share of all values do not exceed; NaN if there are none. */
export function percentile(values: readonly number[], share: number): number {
  return ascending(values)[Math.max(0, Math.ceil(share * values.length) - 1)] ?? NaN;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** In requests per second. */
export function rateOf({ requests, ms }: { requests: number; ms: number }): number {
  return (requests / ms) * 1_000;
}

function ascending(values: readonly number[]): number[] {
  return values.toSorted((one, other) => one - other);
}
