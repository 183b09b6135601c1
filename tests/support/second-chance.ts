// For the tests in which a whole stack is put under load and disturbed: a machine that stands still for seconds because of other
// work fails them as a fault of ours would. What is wrong fails twice. The first failure is printed all the same.
jest.retryTimes(1, { logErrorsBeforeRetry: true });
