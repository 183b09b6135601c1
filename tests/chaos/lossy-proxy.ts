import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Pool } from 'undici';
import { listen } from '../support/listen.js';

export interface LossyProxy {
  url: string;
  close(): Promise<void>;
}

export interface LossyProxyOptions {
  /** One in this many responses gets lost on its way: the request is done, and the client does not learn of it. */
  every: number;
  /**
   * Whether it retries up to three times when a response is lost or is a 503. That is what no proxy may do with a request that has no key:
   * this stands for one that does.
   */
  resends: boolean;
}

/** They concern the connection, not the message (RFC 9110, section 7.6.1), or are set again. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding', 'host', 'content-length'];
const MOST_TRIES = 3;

/** A bad network between the clients and the endpoint. */
export async function openLossyProxy(
  target: string,
  { every, resends }: LossyProxyOptions,
): Promise<LossyProxy> {
  const pool = new Pool(target, { connections: 64 });
  let answers = 0;

  const ask = async (req: IncomingMessage, body: Buffer) => {
    const response = await pool.request({
      method: req.method as 'GET' | 'POST',
      path: req.url!,
      headers: endToEnd(req.headers),
      body: body.length > 0 ? body : null,
    });
    const bytes = Buffer.from(await response.body.arrayBuffer());
    if (++answers % every === 0) throw new Error('the answer got lost');
    return { status: response.statusCode, headers: endToEnd(response.headers), bytes };
  };

  const pass = async (req: IncomingMessage, res: ServerResponse) => {
    const body = Buffer.concat((await req.toArray()) as Buffer[]);
    for (let tries = 1; ; tries += 1) {
      const answer = await ask(req, body).catch(() => undefined);
      const isGood = answer !== undefined && answer.status !== 503;
      if (!isGood && resends && tries < MOST_TRIES) continue;
      if (answer) res.writeHead(answer.status, answer.headers).end(answer.bytes);
      else res.destroy();
      return;
    }
  };

  const server = createServer((req, res) => void pass(req, res).catch(() => res.destroy()));
  const { url, close } = await listen(server);
  return {
    url,
    async close() {
      await close();
      await pool.destroy();
    },
  };
}

function endToEnd<Value>(headers: Record<string, Value | undefined>): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      (entry): entry is [string, Value] => entry[1] !== undefined && !HOP_BY_HOP.includes(entry[0]),
    ),
  );
}
