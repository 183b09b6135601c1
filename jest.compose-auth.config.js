// Sign-in in containers.
module.exports = {
  ...require('./jest.compose.config.js'),
  testMatch: ['<rootDir>/tests/compose/auth/*.test.ts'],
};
