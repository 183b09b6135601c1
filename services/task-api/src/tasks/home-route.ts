import { homePage } from '@millrace/chassis/http';

/** GET / */
export const homeRoutes = (pod: string) =>
  homePage({
    path: '/',
    title: 'Task service',
    purpose: 'Keeps tasks in PostgreSQL, and queues the ones for background workers.',
    calls: [
      { methods: 'GET', path: '/tasks', does: 'all tasks, newest first' },
      { methods: 'POST', path: '/tasks', does: 'creates <code>{"title", "description", "priority"}</code>' },
      {
        methods: 'GET, PATCH, PUT, DELETE',
        path: '/api/tasks/:id',
        does: 'one task; <code>{"completed": true}</code> completes it',
      },
      { methods: 'POST', path: '/api/add/:task', does: 'queues a task for the workers' },
      { methods: 'GET', path: '/api/jobs', does: 'background jobs and their progress' },
      { methods: 'GET', path: '/health', does: 'is the service healthy?' },
    ],
    example: `curl -X POST -H "Content-Type: application/json" \\
  -d '{"title":"Buy milk","description":"2L whole"}' \\
  http://localhost:8080/tasks`,
    pod,
  });
