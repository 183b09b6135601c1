// The components of overlays/, each on the cluster, in a namespace of its own.
module.exports = {
  ...require('./jest.cluster.config.js'),
  testMatch: ['<rootDir>/tests/cluster/components/*.test.ts'],
};
