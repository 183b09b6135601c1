import { methodNotAllowed, sendPage } from '@millrace/chassis/http';
import { Router } from 'express';

/** GET /user/: a friendly page for people who look at the service in a browser. */
export function homeRoutes(pod: string): Router {
  const router = Router();

  router
    .route('/user')
    .get((_req, res) => {
      sendPage(res, { title: 'User service', body: BODY, pod });
    })
    .all(methodNotAllowed);

  return router;
}

const BODY = `
<p>Registers users and lists them. They are kept in PostgreSQL.</p>
<table>
<tr><th>Call</th><th>Answer</th></tr>
<tr><td><code>POST /user/register</code></td><td>registers <code>{"name", "email"}</code></td></tr>
<tr><td><code>GET <a href="/user/users">/user/users</a></code></td><td>all users, newest first</td></tr>
<tr><td><code>GET <a href="/user/health">/user/health</a></code></td><td>is the service well?</td></tr>
</table>
<p>Try it:</p>
<pre><code>curl -X POST -H "Content-Type: application/json" \\
  -d '{"name":"Alice","email":"alice@example.com"}' \\
  http://localhost:8080/user/register</code></pre>
`;
