/** Both effects in one process and one pipeline, for comparison: the same upload, and the image is kept in memory. */
import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import express from 'express';
import multer from 'multer';
import sharp from 'sharp';

const SIGMA = 5;

// As in our workers: an image gets every CPU, and none comes twice.
sharp.concurrency(availableParallelism());
sharp.cache(false);

const app = express();
/** Only the last one: for comparison with ours. */
let latest: { id: string; bytes: Buffer } | undefined;

app.post('/upload', multer({ storage: multer.memoryStorage() }).single('file'), async (req, res) => {
  const bytes = await sharp(req.file!.buffer)
    .autoOrient()
    .greyscale()
    .toColourspace('b-w')
    .blur(SIGMA)
    .jpeg({ quality: 88, optimiseCoding: false })
    .toBuffer();
  latest = { id: randomUUID(), bytes };
  res.status(201).json({ id: latest.id, view_url: `/image/${latest.id}` });
});

app.get('/image/:id', (req, res) => {
  if (req.params.id === latest?.id) res.type('jpeg').send(latest.bytes);
  else res.sendStatus(404);
});

app.listen(Number(process.env['PORT']), '127.0.0.1');
