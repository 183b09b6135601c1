// Each alert, provoked in the composed stack until it fires, and then clears. It has the machine to itself, for some minutes.
module.exports = {
  ...require('./jest.compose.config.js'),
  testMatch: ['<rootDir>/tests/observe/*.test.ts'],
};
