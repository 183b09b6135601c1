import type { Request, Response } from 'express';

/**
 * Answers with one page of a list as a JSON array, and with `Link: …; rel="next"` when there is more (RFC 8288).
 *
 * @param rows up to `limit + 1` of them: the one too many tells that there is another page
 */
export function sendList(req: Request, res: Response, rows: { id: string }[], limit: number): void {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  if (rows.length > limit && last) {
    const next = new URL(req.originalUrl, 'http://any');
    next.searchParams.set('cursor', last.id);
    res.links({ next: next.pathname + next.search });
  }
  res.json(page);
}
