import { createServer } from 'node:http';
import { freePort } from '../../../local/servers/ports.js';
import { type Listener, listen } from '../../support/listen.js';
import { perSecond } from '../measure/describe.js';
import { inRounds, ratios } from '../measure/rounds.js';
import { rateOf } from '../measure/statistics.js';
import { startHttpPeer } from '../peers/peer-process.js';
import { type Command, commandOf } from '../peers/running-command.js';
import type { Bench, Figure, Row } from '../row.js';
import { analyzeLoad } from './analyze.js';

const GOALS = {
  'telemetry-metrics': { atLeast: 0.95 },
  'telemetry-traces-10': { atLeast: 0.9 },
  'telemetry-traces-100': { atLeast: 0.7 },
};

export const telemetry: Row = {
  name: 'telemetry',
  title: 'text-worker with metrics, and with a tenth or all of its requests traced, against the same without',
  goals: GOALS,
  uses: ['fresh'],
  async run(bench) {
    const stack = await bench.stack('fresh');
    const collector = await startCollector();
    const running = commandOf(stack.process('text-worker-1').pid!);
    const traced = (share: string) => ({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: share,
    });
    const variants = {
      off: {},
      'telemetry-metrics': { METRICS_PORT: String(await freePort()) },
      'telemetry-traces-10': traced('0.1'),
      'telemetry-traces-100': traced('1'),
    };
    const stops: (() => Promise<unknown>)[] = [() => collector.close()];
    try {
      const measures: Record<string, () => Promise<number>> = {};
      for (const [name, env] of Object.entries(variants)) {
        const worker = await startWorker(bench, name, running, env);
        stops.push(() => worker.stop());
        measures[name] = async () => {
          const load = { ...analyzeLoad(worker.url), path: '/process' };
          return rateOf(await bench.load.send({ ...load, ms: bench.settings.seconds * 1_000 }));
        };
      }
      const { off, ...rates } = await inRounds(bench, measures);
      return Object.entries(GOALS).map(([name, goal]): Figure => {
        const ours = rates[name]!;
        const detail = `with it ${perSecond(ours)}, without ${perSecond(off!)}`;
        return { name, values: ratios(ours, off!), goal, detail };
      });
    } finally {
      for (const stop of stops.reverse()) await stop();
    }
  },
};

/** Another replica of the worker, outside the stack. */
async function startWorker(
  bench: Bench,
  name: string,
  { argv: [command, ...args], cwd, env }: Command,
  own: Record<string, string>,
) {
  const port = await freePort();
  const spec = { name, command: command!, args, cwd };
  return startHttpPeer(bench, spec, { ...env, ...own, PORT: String(port) }, port);
}

/** Takes spans and throws them away: what a collector does with them is not what is measured. */
function startCollector(): Promise<Listener> {
  return listen(createServer((req, res) => void req.resume().on('end', () => res.end())));
}
