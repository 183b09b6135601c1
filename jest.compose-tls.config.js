// TLS behind Nginx in containers.
module.exports = {
  ...require('./jest.compose.config.js'),
  testMatch: ['<rootDir>/tests/compose/tls/*.test.ts'],
};
