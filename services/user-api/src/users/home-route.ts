import { homePage } from '@millrace/chassis/http';

/** GET /user/ */
export const homeRoutes = (pod: string) =>
  homePage({
    path: '/user',
    title: 'User service',
    purpose: 'Registers users in PostgreSQL, and lists them.',
    calls: [
      { methods: 'POST', path: '/user/register', does: 'registers <code>{"name", "email"}</code>' },
      { methods: 'GET', path: '/user/users', does: 'all users, newest first' },
      { methods: 'GET', path: '/user/health', does: 'is the service healthy?' },
    ],
    example: `curl -X POST -H "Content-Type: application/json" \\
  -d '{"name":"Alice","email":"alice@example.com"}' \\
  http://localhost:8080/user/register`,
    pod,
  });
