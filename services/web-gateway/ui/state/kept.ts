/**
 * What this browser keeps for us, where it lets us: in private windows and under strict settings it may not. Anybody may have
 * written it, an older release for one.
 *
 * @param isIt is what is found what was kept?
 */
export function readKept<T>(key: string, isIt: (found: unknown) => found is T, otherwise: T): T {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(key) ?? 'null');
    return isIt(found) ? found : otherwise;
  } catch {
    return otherwise;
  }
}

/** A list that was kept, without what does not belong in it, up to `most` items. */
export function readKeptList<T>(key: string, isItem: (found: unknown) => found is T, most: number): T[] {
  return readKept<unknown[]>(key, Array.isArray, []).filter(isItem).slice(0, most);
}

export function keep(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // It is full, or not ours: what could not be kept is forgotten with the page.
  }
}

/** For checks of what was found: has it these fields, each of its type? */
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
