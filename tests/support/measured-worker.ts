import http from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';

// A program: bw-worker, and at MEASURES_PORT what it has used since the last request.

/** The response at MEASURES_PORT. */
export interface Measures {
  /** The peak memory of the process so far, in MB. */
  peakMb: number;
  /** The longest time that the event loop was blocked, in ms. */
  longestHoldMs: number;
}

const delay = monitorEventLoopDelay({ resolution: 2 });
delay.enable();

http
  .createServer((_req, res) => {
    const measures: Measures = {
      peakMb: process.resourceUsage().maxRSS / 1_024,
      longestHoldMs: delay.max / 1e6,
    };
    delay.reset();
    // A test that prepares a file for seconds must not find its idle connection closed.
    res.shouldKeepAlive = false;
    res.end(JSON.stringify(measures));
  })
  .listen(Number(process.env['MEASURES_PORT']), '127.0.0.1');

import '../../services/bw-worker/src/main.js';
