import { methodNotAllowed, sendPage } from '@millrace/chassis';
import { Router } from 'express';

/** GET /: names the calls. */
export function homeRoutes(pod: string): Router {
  const router = Router();

  router
    .route('/')
    .get((_req, res) => {
      sendPage(res, { title: 'Millrace', body: BODY, pod });
    })
    .all(methodNotAllowed);

  return router;
}

const BODY = `
<p>Tasks, users, text analysis and image effects: seven small services behind this one endpoint.</p>
<table>
<tr><th>Call</th><th>What it does</th></tr>
<tr><td><code>POST /api/add/:task</code></td><td>queues a task for the workers (also <code>POST /api/add {"task"}</code>, <code>GET /add/:task</code>)</td></tr>
<tr><td><code>GET <a href="/api/jobs">/api/jobs</a></code>, <code>/api/jobs/:id</code></td><td>how far the queued work is</td></tr>
<tr><td><code>GET <a href="/api/tasks">/api/tasks</a></code></td><td>all tasks, newest first: <code>?limit= ?cursor= ?status= ?priority= ?q=</code></td></tr>
<tr><td><code>POST /api/tasks</code></td><td>creates <code>{"title", "description", "priority"}</code></td></tr>
<tr><td><code>GET, PATCH, PUT, DELETE /api/tasks/:id</code></td><td>one task; <code>{"completed": true}</code> completes it</td></tr>
<tr><td><code>POST /user/register</code>, <code>GET <a href="/user/users">/user/users</a></code></td><td>registers <code>{"name", "email"}</code>; lists users</td></tr>
<tr><td><code>POST /analyze</code></td><td>counts the words of <code>{"text"}</code> and reverses it</td></tr>
<tr><td><code>POST /upload</code>, <code>GET /image/:id</code></td><td>applies <code>effects=bw,blur</code> to <code>file</code>; shows the result</td></tr>
<tr><td><code>GET <a href="/health">/health</a></code></td><td>is everything well?</td></tr>
</table>
<p>All of it, with parameters and answers: <a href="/docs">/docs</a>; for tools: <a href="/openapi.json">/openapi.json</a>.</p>
<p>Try it:</p>
<pre><code>curl -X POST http://localhost:8080/api/add/task1
curl -X POST -H "Content-Type: application/json" \\
  -d '{"text":"Hello, how are you?"}' http://localhost:8080/analyze
curl -X POST -F "file=@photo.jpg" -F "effects=bw,blur" http://localhost:8080/upload</code></pre>
`;
