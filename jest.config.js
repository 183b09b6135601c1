const { availableParallelism } = require('node:os');

/** @type {import('jest').Config} */
const shared = {
  rootDir: __dirname,
  testEnvironment: 'node',
  // Real servers on a machine that may stand still for seconds: only a test that hangs reaches it.
  testTimeout: 60_000,
  transform: {
    '\\.[cm]?[jt]s$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  // Published as ES modules only, which require() can load but Jest cannot; or with import(), which Jest cannot either.
  transformIgnorePatterns: ['/node_modules/(?!(node-pg-migrate|jose|@opentelemetry/otlp-exporter-base)/)'],
  // The packages' sources instead of their build, so that coverage and stack traces refer to the sources.
  testEnvironmentOptions: { customExportConditions: ['millrace-source', 'node', 'require', 'default'] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  setupFiles: ['<rootDir>/tests/support/own-ports.ts'],
};

module.exports = {
  ...shared,
  // Most tests wait more than they compute, so even two processors do two at once.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  testSequencer: '<rootDir>/tests/support/longest-first.js',
  testMatch: ['<rootDir>/{packages,services,topology,local,tests}/**/*.test.ts'],
  // These need a container engine, a cluster, Go, or the machine: npm run test:compose, test:compose-auth, test:compose-tls, test:hostile, test:observe, test:cluster, test:components, test:logs, test:traces.
  testPathIgnorePatterns: [
    '/node_modules/',
    '/dist/',
    '<rootDir>/tests/compose/',
    '<rootDir>/tests/cluster/',
    '<rootDir>/tests/hostile/',
    '<rootDir>/tests/logs/search/',
    '<rootDir>/tests/observe/',
    '<rootDir>/tests/traces/',
  ],
  collectCoverage: true,
  coverageDirectory: 'coverage',
  collectCoverageFrom: [
    '{packages,services}/*/src/**/*.ts',
    '!**/*.test.ts',
    // Files that tests only run as separate processes, where coverage is not counted.
    '!services/*/src/{main,serve,migrate}.ts',
    '!packages/*/src/process/{run-service,shutdown,log/log-output}.ts',
    '!packages/*/src/stores/postgres/run-migrations.ts',
  ],
  coverageReporters: ['text', 'lcov'],
  // Slightly below the actual values, which vary from run to run: branches 89.7, functions 95.0, lines 97.0.
  coverageThreshold: { global: { statements: 94, branches: 88, functions: 93, lines: 95 } },
  reporters: ['default', '<rootDir>/tests/support/retries-reporter.js'],
};
