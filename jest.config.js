/** @type {import('jest').Config} */
const shared = {
  rootDir: __dirname,
  testEnvironment: 'node',
  // Real servers on a busy machine; what hangs is ended all the same.
  testTimeout: 20_000,
  transform: {
    '\\.[cm]?[jt]s$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  // Published as ES modules only, which require() may load but Jest may not.
  transformIgnorePatterns: ['/node_modules/(?!(node-pg-migrate)/)'],
  // The packages' sources instead of their build: coverage and stack traces show what was written.
  testEnvironmentOptions: { customExportConditions: ['millrace-source', 'node', 'require', 'default'] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
};

module.exports = {
  ...shared,
  testMatch: ['<rootDir>/{packages,services,topology,local,tests}/**/*.test.ts'],
  // Those need a container engine, or a cluster: npm run test:compose, test:hostile, test:cluster.
  testPathIgnorePatterns: [
    '/node_modules/',
    '/dist/',
    '<rootDir>/tests/compose/',
    '<rootDir>/tests/cluster/',
    '<rootDir>/tests/hostile/',
  ],
  collectCoverage: true,
  coverageDirectory: 'coverage',
  collectCoverageFrom: ['{packages,services}/*/src/**/*.ts', '!**/*.test.ts', '!**/main.ts'],
  coverageReporters: ['text', 'lcov'],
};
