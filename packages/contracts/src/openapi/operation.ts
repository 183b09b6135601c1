import type { ResponseConfig, RouteConfig } from '@asteasolutions/zod-to-openapi';

/** The tags in the order of the reference, each with what its calls have in common. */
export const TAGS = {
  Queue: 'Run a task in the background. Once it is accepted with 202, it completes exactly once.',
  Jobs: 'Follow, retry, cancel and delete background jobs of every kind.',
  Tasks: 'Tasks for people and for background workers. `/tasks` is an alias of `/api/tasks`.',
  Text: 'Count words and reverse text.',
  Images: 'Apply effects to images. Results are kept for up to a day.',
  Users: 'Register users and list them.',
  Keys: 'API keys, for scripts.',
  System: 'Health, and this reference.',
} as const;

/** One call of the public API, in the library's own form, so that all of OpenAPI can be used. */
export type Operation = RouteConfig & {
  operationId: string;
  summary: string;
  tags: [keyof typeof TAGS];
  responses: Record<string, ResponseConfig>;
  /** Complete shell commands, in the usual OpenAPI extension for them. */
  'x-codeSamples'?: { lang: string; label: string; source: string }[];
};

/** Sample commands, as in the README and docs/TOUR.md. */
export function curl(...sources: string[]) {
  return { 'x-codeSamples': sources.map((source) => ({ lang: 'Shell', label: 'curl', source })) };
}

/** The call itself, and the same under another path. */
export function withAlias(operation: Operation, alias: string): Operation[] {
  const same = { ...operation };
  delete same['x-codeSamples'];
  return [
    operation,
    {
      ...same,
      path: alias,
      operationId: `${operation.operationId}Alias`,
      description: `The same as \`${operation.method.toUpperCase()} ${operation.path}\`.`,
    },
  ];
}

/** The path as an Express pattern, in which a trailing slash makes no difference. */
export function expressPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1').replace(/(?<=.)\/$/, '');
}
