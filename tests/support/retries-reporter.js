// A test that passes at its second try is flaky: see second-chance.ts. It is listed at the end, where people see it.
module.exports = class RetriesReporter {
  onRunComplete(_contexts, { testResults }) {
    const retried = testResults.flatMap(({ testFilePath, testResults: tests }) =>
      tests
        .filter(({ invocations, status }) => invocations > 1 && status === 'passed')
        .map(({ fullName }) => `  ${testFilePath}: ${fullName}\n`),
    );
    if (retried.length > 0) process.stderr.write(`\nPassed only when retried:\n${retried.join('')}\n`);
  }
};
