import type { Request, Response } from 'express';
import type { Lifecycle } from './lifecycle.js';
import { currentContext } from './request-context.js';
import { createPlaces, type PlaceLimits } from './stream-places.js';

/** How the events of a stream are written. */
export interface StreamFormat {
  contentType: string;
  /** Comes first. */
  opening: string;
  /** Comes when nothing else does, so that the ends of the connection notice when it is broken. Without: nothing comes. */
  heartbeat?: string;
  /** While a client is slow: does each event make those before it worthless, or does every one count? */
  keeps: 'latest' | 'all';
}

/** Server-sent events, each of which tells the present state. A client connects again a second after a break. */
export const SERVER_SENT_EVENTS: StreamFormat = {
  contentType: 'text/event-stream',
  opening: 'retry: 1000\n\n',
  heartbeat: ': still here\n\n',
  keeps: 'latest',
};

/** A line of JSON for each event. */
export const JSON_LINES: StreamFormat = { contentType: 'application/x-ndjson', opening: '', keeps: 'all' };

export interface EventStreamOptions extends PlaceLimits {
  lifecycle: Lifecycle;
  /** Default: server-sent events. */
  format?: StreamFormat;
  /** Default 10,000: more often than any proxy on the way gives up on a silent connection (Nginx: 30 s). */
  heartbeatEveryMs?: number;
  /** When to break with a client that takes nothing of what was sent. Default 30,000, as Nginx does. */
  stalledAfterMs?: number;
  /** How many bytes may wait for slow clients, all together; past that, the slowest is broken with. Default 32 MiB. */
  waitingMaxBytes?: number;
}

export interface EventStreams {
  /**
   * Begins the answer: from here on it belongs to the stream. A HEAD, or a client that has left meanwhile, gets a stream that has ended.
   *
   * @throws HttpProblem 429 when the client has all the streams that it may have; Unavailable when the replica has
   */
  open(req: Request, res: Response): EventStream;
}

export interface EventStream {
  /** Sends an event as it is written (`serverSentEvent`, `jsonLine`). After the end it does nothing. */
  send(event: string): void;
  /** Ends the stream after what was sent. */
  end(): void;
  /** Aborts when the stream has ended, whoever ended it: we, the client, or this replica's shutdown. */
  readonly signal: AbortSignal;
}

/** What this module itself may do with a stream. */
interface OwnStream extends EventStream {
  break(): void;
}

/** How long clients have, when the replica shuts down, to take what was sent before. */
const CLOSING_GRACE_MS = 2_000;

/**
 * Answers that go on until something ends them. They hold places within the limits, are kept alive, end with the replica (the
 * client then connects to another), and hold what a slow client does not take within bounds.
 */
export function createEventStreams(options: EventStreamOptions): EventStreams {
  const { lifecycle, format = SERVER_SENT_EVENTS } = options;
  const { heartbeatEveryMs = 10_000, stalledAfterMs = 30_000, waitingMaxBytes = 32 * 1024 ** 2 } = options;
  const takePlace = createPlaces(options);
  const streams = new Set<OwnStream>();
  const waiting = createWaitingBytes(waitingMaxBytes);

  lifecycle.closing.addEventListener('abort', () => {
    for (const stream of streams) stream.end();
    setTimeout(() => streams.forEach((stream) => stream.break()), CLOSING_GRACE_MS).unref();
  });

  const own = (res: Response, onClose: () => void): OwnStream => {
    const ended = new AbortController();
    // One piece is on its way, the next ones wait for it: so there is something to choose from.
    let sending = '';
    let next = '';

    const write = (piece: string) => {
      sending = piece;
      // Node watches over large pieces: as long as they move, they are not stalled.
      res.setTimeout(stalledAfterMs);
      res.write(piece, taken);
      waiting.set(stream, sending, next);
    };
    const taken = () => {
      if (res.closed || res.writableEnded) return;
      res.setTimeout(0);
      const piece = next;
      sending = next = '';
      waiting.set(stream, '', '');
      if (piece) write(piece);
    };
    const stream: OwnStream = {
      signal: ended.signal,
      send(event) {
        if (ended.signal.aborted) return;
        if (!sending) {
          write(event);
          return;
        }
        next = format.keeps === 'latest' ? event : next + event;
        waiting.set(stream, sending, next);
      },
      end() {
        if (ended.signal.aborted) return;
        ended.abort();
        res.setTimeout(stalledAfterMs);
        res.end(next);
      },
      break() {
        ended.abort();
        waiting.set(stream, '', '');
        res.destroy();
      },
    };

    const { heartbeat } = format;
    const timer = heartbeat && setInterval(() => sending || stream.send(heartbeat), heartbeatEveryMs);
    streams.add(stream);
    // Comes in every case: at the end of the stream, of this process, or of the client's patience.
    res.once('close', () => {
      ended.abort();
      clearInterval(timer);
      streams.delete(stream);
      waiting.set(stream, '', '');
      onClose();
    });
    return stream;
  };

  return {
    open(req, res) {
      // Its `close` has been.
      if (res.closed) return { signal: AbortSignal.abort(), send: () => undefined, end: () => undefined };
      const stream = own(res, takePlace(currentContext()?.client ?? ''));
      res.writeHead(200, {
        'Content-Type': format.contentType,
        'Cache-Control': 'no-store',
        // Nginx hands each event on at once.
        'X-Accel-Buffering': 'no',
      });
      res.flushHeaders();
      if (format.opening) stream.send(format.opening);
      if (req.method === 'HEAD' || lifecycle.closing.aborted) stream.end();
      return stream;
    },
  };
}

/** What waits for slow clients; over the bound, those that have been slow for longest are broken with. */
function createWaitingBytes(maxBytes: number) {
  // In the order in which they fell behind.
  const bytesOf = new Map<OwnStream, number>();
  let total = 0;
  return {
    set(stream: OwnStream, ...pieces: string[]) {
      const bytes = pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0);
      total += bytes - (bytesOf.get(stream) ?? 0);
      if (bytes > 0) bytesOf.set(stream, bytes);
      else bytesOf.delete(stream);
      for (const slowest of bytesOf.keys()) {
        if (total <= maxBytes) break;
        slowest.break();
      }
    },
  };
}

/** @param event its name and, if any, its id and its data, which are one line */
export function serverSentEvent({ event, id, data }: { event: string; id?: string; data?: string }): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata:${data === undefined ? '' : ` ${data}`}\n\n`;
}

export function jsonLine(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
