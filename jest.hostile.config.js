// One client who means harm, beside ten who do not, on the composed stack. It has the machine to itself, for a few minutes.
module.exports = {
  ...require('./jest.compose.config.js'),
  testMatch: ['<rootDir>/tests/hostile/*.test.ts'],
};
