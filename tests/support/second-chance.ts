// For the tests in which a whole stack is put under load and disturbed: a machine that is blocked for seconds by other work makes them fail
// like a fault of ours. A real fault fails twice. The first failure is still printed.
jest.retryTimes(1, { logErrorsBeforeRetry: true });
