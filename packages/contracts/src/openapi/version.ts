/** The version of the release: all packages and services have the same. */
// eslint-disable-next-line @typescript-eslint/no-require-imports -- so that a bundle contains it and needs no file
export const { version: VERSION } = require('../../package.json') as { version: string };
