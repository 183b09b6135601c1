// One malicious client beside ten normal ones, on the composed stack. It has the machine to itself, for a few minutes.
module.exports = {
  ...require('./jest.compose.config.js'),
  testMatch: ['<rootDir>/tests/hostile/*.test.ts'],
};
