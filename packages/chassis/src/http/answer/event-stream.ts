import type { Request, Response } from 'express';
import type { Lifecycle } from '../../process/lifecycle.js';
import { currentContext } from '../../process/context/request-context.js';
import { countStream } from '../request-metrics.js';
import { createPlaces, type PlaceLimits } from './stream-places.js';

/** The format of an event stream. */
export interface StreamFormat {
  contentType: string;
  /** Sent first. */
  opening: string;
  /** Sent periodically, so that both ends notice a broken connection. Default: none. */
  heartbeat?: string;
  /** What is buffered for a slow client: the latest event, if each replaces the previous one, or all of them. */
  keeps: 'latest' | 'all';
}

/** Server-sent events, each of which replaces the previous one. Clients reconnect after a second. */
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
  /** Default 10,000: well below the idle timeout of proxies (Nginx: 30 s). */
  heartbeatEveryMs?: number;
  /** When to disconnect a client that does not read. Default 30,000, as in Nginx. */
  stalledAfterMs?: number;
  /** How many bytes are buffered for all slow clients together; beyond that, the slowest is disconnected. Default 32 MiB. */
  waitingMaxBytes?: number;
}

export interface EventStreams {
  /**
   * Begins the answer, which belongs to the stream from here on. For HEAD, or when the client has left, the stream has ended already.
   *
   * @throws HttpProblem 429 when the client has as many streams as it may; Unavailable when the replica has
   */
  open(req: Request, res: Response): EventStream;
}

export interface EventStream {
  /** Sends a formatted event (`serverSentEvent`, `jsonLine`). Does nothing after the end. */
  send(event: string): void;
  /** Ends the stream after everything sent so far. */
  end(): void;
  /** Aborts when the stream has ended, for whatever reason. */
  readonly signal: AbortSignal;
}

interface OwnStream extends EventStream {
  /** Ends the stream at once, without sending the rest. */
  disconnect(): void;
}

/** setTimeout takes no more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** How long clients have to read the rest when the replica shuts down. */
const CLOSING_GRACE_MS = 2_000;

/**
 * Responses that stay open. Their number is limited, they are kept alive, they end when the replica shuts down (clients then
 * connect to another), and buffers for slow clients are bounded.
 */
export function createEventStreams(options: EventStreamOptions): EventStreams {
  const { lifecycle, format = SERVER_SENT_EVENTS } = options;
  const { heartbeatEveryMs = 10_000, stalledAfterMs = 30_000, waitingMaxBytes = 32 * 1024 ** 2 } = options;
  const takePlace = createPlaces(options);
  const streams = new Set<OwnStream>();
  const waiting = createWaitingBytes(waitingMaxBytes);

  lifecycle.closing.addEventListener('abort', () => {
    for (const stream of streams) stream.end();
    setTimeout(() => streams.forEach((stream) => stream.disconnect()), CLOSING_GRACE_MS).unref();
  });

  const own = (res: Response, onClose: () => void): OwnStream => {
    const ended = new AbortController();
    // While one event is being sent, the next ones wait here, where the latest can replace earlier ones.
    let sending = '';
    let next = '';

    const write = (piece: string) => {
      sending = piece;
      // Only once the client has stopped reading for that long, because Node also counts the bytes of a large event.
      res.setTimeout(stalledAfterMs);
      res.write(piece, taken);
      waiting.set(stream, sending, next);
    };
    const taken = () => {
      if (ended.signal.aborted) return;
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
      disconnect() {
        ended.abort();
        waiting.set(stream, '', '');
        res.destroy();
      },
    };

    const { heartbeat } = format;
    const timer = heartbeat && setInterval(() => sending || stream.send(heartbeat), heartbeatEveryMs);
    streams.add(stream);
    // Whichever side ended it.
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
      // There will be no more `close` event.
      if (res.closed) return { signal: AbortSignal.abort(), send: () => undefined, end: () => undefined };
      const { client = '', principal } = currentContext() ?? {};
      const stream = own(res, takePlace(client));
      endAt(principal?.expiresAt, stream);
      countStream(res);
      res.writeHead(200, {
        'Content-Type': format.contentType,
        'Cache-Control': 'no-store',
        // Nginx passes each event on at once.
        'X-Accel-Buffering': 'no',
      });
      res.flushHeaders();
      if (format.opening) stream.send(format.opening);
      if (req.method === 'HEAD' || lifecycle.closing.aborted) stream.end();
      return stream;
    },
  };
}

/** Ends a stream when the token of its request expires: the client comes back with a new one. */
function endAt(time: number | undefined, stream: EventStream): void {
  if (time === undefined) return;
  const timer = setTimeout(() => stream.end(), Math.min(time - Date.now(), LONGEST_TIMER_MS));
  stream.signal.addEventListener('abort', () => clearTimeout(timer));
}

/** Counts buffered bytes; over the limit, the clients that have been behind for longest are disconnected. */
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
        slowest.disconnect();
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
