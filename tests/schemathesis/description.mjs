const KEY_PATTERN = '^[\\x21-\\x7e]{1,255}$';
/** A stream does not end, and a lab run takes a long time. */
const LEFT_OUT = /events$|^\/lab\//;

/** @returns the ids of the operations to test, and the description for schemathesis */
export function describe(document) {
  const operations = Object.entries(document.paths)
    .filter(([path]) => !LEFT_OUT.test(path))
    .flatMap(([, methods]) => Object.values(methods).map(({ operationId }) => operationId));
  return { operations, text: JSON.stringify(document, relaxed) };
}

/** Constraints that are removed. More is generated then, and refused with 422 or 400, which are described. */
function relaxed(key, value) {
  if (key === 'pattern') {
    // Python has no Unicode properties in patterns.
    if (/\\[pP]\{/.test(value)) return undefined;
    // HTTP trims a header, and to Nginx an empty one is none.
    if (value === KEY_PATTERN) return undefined;
    // The format says the same, and generates times and ids a hundred times as fast.
    if (this.format !== undefined) return undefined;
  }
  // schemathesis turns the length into a regular expression that Python cannot parse.
  if (key === 'maxLength' && value > 20_000) return undefined;
  return value;
}
