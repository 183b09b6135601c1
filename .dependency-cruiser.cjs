// In which direction imports may go: part of `npm run lint`. A folder may import those below it, never those above or beside it.

/** Which rooms of the chassis may import which, from the lowest up. All of them may throw the problems of `http/`. */
const room = (name, ...known) => ({
  name: `chassis-${name}`,
  comment: `packages/chassis/src/${name} may import from itself and from: ${known.join(', ')}.`,
  severity: 'error',
  from: { path: `^packages/chassis/src/${name}/`, pathNot: '\\.test\\.ts$' },
  to: {
    path: '^packages/chassis/src/',
    pathNot: [name + '/', 'http/problem\\.ts', ...known].map((path) => `^packages/chassis/src/${path}`),
  },
});

const ROUTE = '/(routes|route|[a-z-]+-route)\\.ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'Two files that import each other are one subject in two files, or share a third one.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'services-are-apart',
      comment:
        'A service imports packages, never another service. Code that two services need belongs in packages/.',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'packages-are-below',
      comment: 'Packages import neither services nor the code that starts or tests them.',
      severity: 'error',
      from: { path: '^packages/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(services|local|tests)/' },
    },
    {
      name: 'product-knows-no-tests',
      comment: 'Production code does not import tests.',
      severity: 'error',
      from: { path: '^(packages|services|local)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^tests/|\\.test\\.ts$' },
    },
    {
      name: 'routes-are-apart',
      comment: 'Code that two routes need is a use case, in its own file.',
      severity: 'error',
      from: { path: ROUTE },
      to: { path: ROUTE },
    },
    {
      name: 'ui-imports-contracts',
      comment:
        'The web UI shares the contracts with the services, and nothing else. Its build script is not part of it.',
      severity: 'error',
      from: { path: '^services/web-gateway/ui/', pathNot: '^services/web-gateway/ui/build.mjs$' },
      to: {
        path: '^(packages|services|local|tests)/',
        pathNot: '^(packages/contracts|services/web-gateway/ui)/',
      },
    },
    {
      name: 'test-support-is-below',
      comment: 'tests/support is what the suites share: it does not import them.',
      severity: 'error',
      from: { path: '^tests/support/' },
      to: { path: '^tests/', pathNot: '^tests/support/' },
    },
    // The request context holds the current span.
    room('telemetry', 'process/(context/(request-context|traceparent)|log/logger|server/side-server)\\.ts'),
    room('process', 'telemetry/'),
    room('work', 'process/', 'telemetry/'),
    room('http', 'process/', 'telemetry/', 'work/'),
    room('stores', 'process/', 'telemetry/', 'work/', 'http/(health|limits/allowance)\\.ts'),
    room('traces', 'process/', 'work/'),
    room('calls', 'process/', 'telemetry/', 'work/', 'http/request-signal\\.ts'),
    {
      name: 'tracing-is-apart',
      comment:
        'OpenTelemetry is loaded only while tracing is on, by packages/tracing. Others import only its types.',
      severity: 'error',
      from: { path: '^(packages|services|local)/', pathNot: '^packages/tracing/' },
      to: { path: 'node_modules/@opentelemetry/' },
    },
    {
      name: 'no-unresolvable',
      comment: 'No rule can check an import that cannot be resolved.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|bundle)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.check.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['millrace-source', 'import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.json', '.css'],
    },
  },
};
