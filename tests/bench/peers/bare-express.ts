/** Express as it comes, with the JSON body parser that it brings, for comparison: what it is sent, it sends back. */
import express from 'express';

const app = express();

app.use(express.json());
app.post('/process', (req, res) => {
  res.json(req.body);
});
app.listen(Number(process.env['PORT']), '127.0.0.1');
