// Each alert, provoked in the composed stack until it fires, and then clears; and Jaeger behind the web UI. It has the machine to itself, for a
// quarter of an hour.
module.exports = {
  ...require('./jest.compose.config.js'),
  testMatch: ['<rootDir>/tests/observe/*.test.ts'],
};
