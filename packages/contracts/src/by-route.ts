/**
 * Creates a table of values by route.
 *
 * @param groups values, each with its routes: a method and an Express path, such as `GET /tasks/:id`
 * @returns a function that finds the value of a route, whatever the case of the method
 */
export function byRoute<Value>(
  groups: (readonly [Value, readonly string[]])[],
): (method: string, path: string) => Value | undefined {
  const values = new Map(groups.flatMap(([value, routes]) => routes.map((route) => [route, value] as const)));
  return (method, path) => values.get(`${method.toUpperCase()} ${path}`);
}
