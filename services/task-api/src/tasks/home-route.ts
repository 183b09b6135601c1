import { methodNotAllowed, sendPage } from '@millrace/chassis/http';
import { Router } from 'express';

/** GET /: a friendly page for people who look at the service in a browser. */
export function homeRoutes(pod: string): Router {
  const router = Router();

  router
    .route('/')
    .get((_req, res) => {
      sendPage(res, { title: 'Task service', body: BODY, pod });
    })
    .all(methodNotAllowed);

  return router;
}

const BODY = `
<p>Keeps tasks in PostgreSQL and queues the ones that a worker is to do.</p>
<table>
<tr><th>Call</th><th>Answer</th></tr>
<tr><td><code>GET <a href="/tasks">/tasks</a></code></td><td>all tasks, newest first</td></tr>
<tr><td><code>POST /tasks</code></td><td>creates <code>{"title", "description", "priority"}</code></td></tr>
<tr><td><code>GET, PATCH, PUT, DELETE /api/tasks/:id</code></td><td>one task; <code>{"completed": true}</code> completes it</td></tr>
<tr><td><code>POST /api/add/:task</code></td><td>queues a task for the workers</td></tr>
<tr><td><code>GET <a href="/api/jobs">/api/jobs</a></code></td><td>how far the queued work is</td></tr>
<tr><td><code>GET <a href="/health">/health</a></code></td><td>is the service well?</td></tr>
</table>
<p>Try it:</p>
<pre><code>curl -X POST -H "Content-Type: application/json" \\
  -d '{"title":"Buy milk","description":"2L whole"}' \\
  http://localhost:8080/tasks</code></pre>
`;
