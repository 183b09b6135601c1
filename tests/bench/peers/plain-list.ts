/** The Redis list of the documented way. */
export const LIST = 'task_queue';
