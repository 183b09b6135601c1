/** The Redis list of the textbook way. */
export const LIST = 'task_queue';
