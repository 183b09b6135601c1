import { createLogger, withContext } from '@millrace/chassis/process';

// Logs a few lines, for the tests of the log.

const logger = createLogger('fixture', { LOG_LEVEL: 'info', POD_NAME: 'fixture-1' });
const secret = 'hunter2';

logger.debug('not at this level');
logger.info('outside of a request');
withContext({ requestId: 'r-7' }, () => {
  logger.info('inside of a request');
});
logger.info({ password: secret, user: { token: secret, name: 'Alice' } }, 'secrets');
logger.info({ headers: { authorization: secret, cookie: secret, 'set-cookie': secret } }, 'headers');
logger.error({ err: new Error('broken') }, 'error');
