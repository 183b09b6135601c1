/**
 * Reads from local storage, which is not available in some private windows and under strict settings. The value may come from anywhere,
 * for example from an older release.
 *
 * @param isIt whether the value has the expected shape
 */
export function readKept<T>(key: string, isIt: (found: unknown) => found is T, otherwise: T): T {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(key) ?? 'null');
    return isIt(found) ? found : otherwise;
  } catch {
    return otherwise;
  }
}

/** Reads a list, without items of another shape, and with at most `most` items. */
export function readKeptList<T>(key: string, isItem: (found: unknown) => found is T, most: number): T[] {
  return readKept<unknown[]>(key, Array.isArray, []).filter(isItem).slice(0, most);
}

export function keep(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // It is full or not available: the value is lost with the page.
  }
}

export function discard(key: string): void {
  try {
    localStorage.removeItem(key);
  } catch {
    // Then nothing was kept either.
  }
}

/** Whether a value has these fields, with these types. */
export function hasShape<Shape extends Record<string, 'string' | 'number' | 'object'>>(
  found: unknown,
  shape: Shape,
): found is { [Name in keyof Shape]: Typed[Shape[Name]] } {
  if (typeof found !== 'object' || found === null) return false;
  return Object.entries(shape).every(([name, type]) => {
    const value = (found as Record<string, unknown>)[name];
    return typeof value === type && value !== null && (type !== 'number' || Number.isFinite(value));
  });
}

interface Typed {
  string: string;
  number: number;
  object: object;
}
