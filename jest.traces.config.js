// Whether every job has its trace while workers are killed. It starts the whole stack twice, and has the machine to itself.
module.exports = {
  ...require('./jest.config.js'),
  testMatch: ['<rootDir>/tests/traces/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  maxWorkers: 1,
  collectCoverage: false,
};
