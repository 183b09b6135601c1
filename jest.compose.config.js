// The tests that need a container engine. They have the machine to themselves, one after the other.
module.exports = {
  ...require('./jest.config.js'),
  testMatch: ['<rootDir>/tests/compose/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  setupFilesAfterEnv: ['<rootDir>/tests/support/second-chance.ts'],
  maxWorkers: 1,
  collectCoverage: false,
};
