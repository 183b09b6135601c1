// The logs of a run in the real log collector and log store, which are built from their Go modules.
module.exports = {
  ...require('./jest.config.js'),
  testMatch: ['<rootDir>/tests/logs/search/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  collectCoverage: false,
};
