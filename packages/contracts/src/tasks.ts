import { z } from 'zod';
import { prioritySchema, schedulingSchema } from './jobs.js';
import { pageQuerySchema } from './pagination.js';
import { nonBlankText, safeText } from './text.js';

export const TITLE_MAX = 10_000;
export const DESCRIPTION_MAX = 10_000;

/** `open` has no job behind it; the others follow the task's job, and `completed` also a person's tick. */
export const taskStatusSchema = z.enum(['open', 'queued', 'processing', 'completed', 'failed', 'cancelled']);

const title = nonBlankText(TITLE_MAX);
const description = safeText(DESCRIPTION_MAX);

export const taskSchema = z.object({
  id: z.uuid(),
  title: z.string(),
  description: z.string(),
  priority: prioritySchema,
  status: taskStatusSchema,
  completed: z.boolean(),
  processed_by_pod: z.string().nullable(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
  completed_at: z.iso.datetime().nullable(),
});

export const createTaskSchema = z.strictObject({
  title,
  description: description.default(''),
  priority: prioritySchema.default('medium'),
});

/** PUT: the whole task; what is left out falls back to its default. */
export const replaceTaskSchema = createTaskSchema.extend({ completed: z.boolean().default(false) });

/** PATCH: at least one field. */
export const updateTaskSchema = z
  .strictObject({ title, description, priority: prioritySchema, completed: z.boolean() })
  .partial()
  .refine((changes) => Object.keys(changes).length > 0, 'must change at least one field');

export const listTasksQuerySchema = pageQuerySchema.extend({
  status: taskStatusSchema.optional(),
  priority: prioritySchema.optional(),
  q: nonBlankText(200).optional(),
});

/** POST /api/add: a task for the queue. In the path, `:task` is the task and the query has the rest. */
export const queueTaskSchema = schedulingSchema.extend({ task: title });

export const queuedTaskSchema = z.object({
  id: z.uuid(),
  task: z.string(),
  status: z.literal('queued'),
  status_url: z.string(),
  processed_by_pod: z.string(),
});

export type TaskStatus = z.infer<typeof taskStatusSchema>;
export type Task = z.infer<typeof taskSchema>;
export type CreateTask = z.infer<typeof createTaskSchema>;
export type ReplaceTask = z.infer<typeof replaceTaskSchema>;
export type UpdateTask = z.infer<typeof updateTaskSchema>;
export type ListTasksQuery = z.infer<typeof listTasksQuerySchema>;
export type QueueTask = z.infer<typeof queueTaskSchema>;
export type QueuedTask = z.infer<typeof queuedTaskSchema>;
