/** The textbook way, for comparison: an Express endpoint that pushes a task on a Redis list and responds. */
import express from 'express';
import { Redis } from 'ioredis';
import { LIST } from './plain-list.js';

const redis = new Redis(process.env['REDIS_URL']!);
const app = express();

app.post('/api/add/:task', async (req, res) => {
  const { task } = req.params;
  await redis.lpush(LIST, task);
  res.status(202).json({ task, status: 'queued' });
});
app.listen(Number(process.env['PORT']), '127.0.0.1');
