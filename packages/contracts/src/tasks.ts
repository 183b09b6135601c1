import { z } from 'zod';
import { SEARCH_MAX, TASK_STATUSES } from './constants.js';
import { prioritySchema, schedulingSchema } from './jobs.js';
import { pageQuerySchema } from './pagination.js';
import { nonBlankText, safeText } from './text.js';

export const TITLE_MAX = 10_000;
export const DESCRIPTION_MAX = 10_000;

/** `open` means that no job is behind it; the others follow the task's job, and `completed` is also set when a person ticks the task. */
export const taskStatusSchema = z.enum(TASK_STATUSES);

const title = nonBlankText(TITLE_MAX);
const description = safeText(DESCRIPTION_MAX);

export const taskSchema = z
  .object({
    id: z.uuid(),
    title: z.string(),
    description: z.string(),
    priority: prioritySchema,
    status: taskStatusSchema.meta({
      description:
        'An `open` task has no job. The other statuses follow the task’s job; people can also set `completed`.',
    }),
    completed: z.boolean(),
    processed_by_pod: z
      .string()
      .nullable()
      .meta({ description: 'The worker replica that completed it, if any.' }),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
    completed_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Task' });

export const createTaskSchema = z.strictObject({
  title,
  description: description.default(''),
  priority: prioritySchema.default('medium'),
});

/** PUT: the whole task; omitted fields get their defaults. */
export const replaceTaskSchema = createTaskSchema.extend({ completed: z.boolean().default(false) });

/** PATCH: at least one field. */
export const updateTaskSchema = z
  .strictObject({ title, description, priority: prioritySchema, completed: z.boolean() })
  .partial()
  .refine((changes) => Object.keys(changes).length > 0, 'must change at least one field')
  .meta({ minProperties: 1 });

export const listTasksQuerySchema = pageQuerySchema.extend({
  status: taskStatusSchema.optional(),
  priority: prioritySchema.optional(),
  q: nonBlankText(SEARCH_MAX).optional().meta({ description: 'Text to find in the title or description.' }),
});

/** POST /api/add: a task for the queue. In the path, `:task` is the task and the query has the rest. */
export const queueTaskSchema = schedulingSchema.extend({
  task: title.meta({ description: 'What to do.', example: 'task1' }),
  description: description.default('').meta({ description: 'More details.' }),
});

export const queuedTaskSchema = z
  .object({
    id: z.uuid().meta({ description: 'The id of the task and of its job.' }),
    task: z.string(),
    status: z.literal('queued'),
    status_url: z.string().meta({ description: 'The URL of the job.' }),
    processed_by_pod: z.string().meta({ description: 'The replica that accepted it.' }),
  })
  .meta({ id: 'QueuedTask' });

export type TaskStatus = z.infer<typeof taskStatusSchema>;
export type Task = z.infer<typeof taskSchema>;
export type CreateTask = z.infer<typeof createTaskSchema>;
export type ReplaceTask = z.infer<typeof replaceTaskSchema>;
export type UpdateTask = z.infer<typeof updateTaskSchema>;
export type ListTasksQuery = z.infer<typeof listTasksQuerySchema>;
export type QueueTask = z.infer<typeof queueTaskSchema>;
export type QueuedTask = z.infer<typeof queuedTaskSchema>;
