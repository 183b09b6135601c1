import type { Request, Response } from 'express';

/** One page of a list: its rows as a JSON array, and the cursor of the next page, or null when it is the last. */
interface ListPage {
  rows: string;
  next: string | null;
}

/** Answers with one page of a list as a JSON array, and with `Link: …; rel="next"` when there is more (RFC 8288). */
export function sendList(req: Request, res: Response, { rows, next }: ListPage): void {
  if (next !== null) {
    const url = new URL(req.originalUrl, 'http://any');
    url.searchParams.set('cursor', next);
    res.links({ next: url.pathname + url.search });
  }
  sendJson(res, rows);
}

/** Answers with JSON that is text already, as `res.json` would. */
export function sendJson(res: Response, text: string): void {
  res.type('json').send(text);
}
