/** Plain Express with its JSON body parser, for comparison: it sends back what it receives. */
import express from 'express';

const app = express();

app.use(express.json());
app.post('/process', (req, res) => {
  res.json(req.body);
});
app.listen(Number(process.env['PORT']), '127.0.0.1');
