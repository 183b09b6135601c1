// The tests that need a Kubernetes cluster. They have it to themselves, one after the other.
module.exports = {
  ...require('./jest.config.js'),
  testMatch: ['<rootDir>/tests/cluster/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  maxWorkers: 1,
  setupFilesAfterEnv: ['<rootDir>/tests/support/second-chance.ts'],
  collectCoverage: false,
};
