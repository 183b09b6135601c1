import type { RequestHandler, Router } from 'express';

/**
 * Puts a handler before those of each route.
 *
 * @param guardOf the handler for a method (in lower case) and the paths of a route, or undefined for none
 */
export function guardRoutes(
  router: Router,
  guardOf: (method: string, paths: string[]) => RequestHandler | undefined,
): void {
  for (const route of routesOf(router)) {
    for (const method of methodsOf(route)) {
      const guard = guardOf(method, [route.path].flat());
      if (!guard) continue;
      route[method](guard);
      route.stack.unshift(route.stack.pop());
    }
  }
}

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** As Express has it, and does not describe it. */
interface Route {
  path: string | string[];
  methods: Record<string, boolean>;
  stack: unknown[];
}
type OpenRoute = Route & Record<Method, (handler: RequestHandler) => void>;

function routesOf(router: Router): OpenRoute[] {
  const layers = router.stack as unknown as { route?: OpenRoute; handle: { stack?: unknown } }[];
  return layers.flatMap(({ route, handle }) => {
    if (!route && handle.stack) throw new Error('A nested router would not be guarded: inline its routes.');
    return route ?? [];
  });
}

function methodsOf({ methods }: Route): Method[] {
  return Object.keys(methods).filter((name): name is Method => !name.startsWith('_'));
}
