// The components of overlays/, on the cluster, each in its own namespace.
module.exports = {
  ...require('./jest.cluster.config.js'),
  testMatch: ['<rootDir>/tests/cluster/components/*.test.ts'],
};
