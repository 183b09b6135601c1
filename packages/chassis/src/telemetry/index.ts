/** What a process measures, and the server that shows it. */
export { counter, gauge, histogram, type Observe, ofEach, tally } from './metrics.js';
export { type MetricsServer, serveMetrics } from './metrics-server.js';
