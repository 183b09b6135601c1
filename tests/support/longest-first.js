// The order of test files when no earlier run has left their durations: by size, but first those whose suites are in other files.
const { default: Sequencer } = require('@jest/test-sequencer');

const LONG = /\/tests\/(browser|api|deploy|chaos|scaling)\//;

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const isLong = ({ path, duration }) => duration == null && LONG.test(path);
    const sorted = super.sort(tests);
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
  }
};
