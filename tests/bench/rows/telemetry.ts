import { createServer } from 'node:http';
import { join } from 'node:path';
import { freePort } from '../../../local/servers/ports.js';
import { type Listener, listen } from '../../support/listen.js';
import { inRounds, ratios } from '../measure/rounds.js';
import { median } from '../measure/statistics.js';
import { cpuOf } from '../measure/usage.js';
import { startHttpPeer } from '../peers/peer-process.js';
import { type Command, commandOf } from '../peers/running-command.js';
import { withoutTelemetry } from '../peers/without-telemetry.js';
import type { Bench, Figure, Row } from '../row.js';
import { analyzeLoad } from './analyze.js';

/** Each variant, compared with one that does less. */
const GOALS = {
  'telemetry-off': { atLeast: 0.98, against: 'without' },
  'telemetry-metrics': { atLeast: 0.95, against: 'telemetry-off' },
  'telemetry-traces-10': { atLeast: 0.9, against: 'telemetry-off' },
  'telemetry-traces-100': { atLeast: 0.7, against: 'telemetry-off' },
};

/** Each measurement consists of this many short ones, alternating with the others', because a machine's speed changes from second to second. */
const TURNS = 6;

/**
 * Compared by CPU time per request: the rate also depends on what else runs on the two cores: the load
 * generator, the collector, and the reader of the log, whose lines are longer with a trace.
 */
export const telemetry: Row = {
  name: 'telemetry',
  title:
    'text-worker with the code of telemetry, with metrics, and with traces, each against less, by CPU time',
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
    const without = withoutTelemetry(join(running.cwd, 'bundle'), join(bench.folder, 'without-telemetry'));
    const variants: Record<string, Command> = {
      without: { ...running, argv: [running.argv[0]!, without] },
      'telemetry-off': running,
      'telemetry-metrics': withEnv(running, { METRICS_PORT: String(await freePort()) }),
      'telemetry-traces-10': withEnv(running, traced('0.1')),
      'telemetry-traces-100': withEnv(running, traced('1')),
    };
    const stops: (() => Promise<unknown>)[] = [() => collector.close()];
    try {
      const measures: Record<string, () => Promise<number>> = {};
      for (const [name, command] of Object.entries(variants)) {
        const worker = await startWorker(bench, name, command);
        stops.push(() => worker.stop());
        measures[name] = async () => {
          const pids = [worker.process.pid!];
          const before = cpuOf(pids);
          const load = { ...analyzeLoad(worker.url), path: '/process' };
          const { requests } = await bench.load.send({
            ...load,
            ms: (bench.settings.seconds * 1_000) / TURNS,
          });
          return (cpuOf(pids) - before) / requests;
        };
      }
      const cpuMs = await inRounds(bench, measures, bench.settings.rounds * TURNS, { inTurns: true });
      return Object.entries(GOALS).map(([name, { against, ...goal }]): Figure => {
        const [ours, theirs] = [byRound(cpuMs[name]!), byRound(cpuMs[against]!)];
        const detail = `with it ${microseconds(ours)} of CPU a request, without ${microseconds(theirs)}`;
        return { name, values: ratios(theirs, ours), goal, detail };
      });
    } finally {
      for (const stop of stops.reverse()) await stop();
    }
  },
};

/** The medians of the turns of each round. */
function byRound(turns: readonly number[]): number[] {
  return Array.from({ length: turns.length / TURNS }, (_, round) =>
    median(turns.slice(round * TURNS, (round + 1) * TURNS)),
  );
}

function withEnv(command: Command, env: Record<string, string>): Command {
  return { ...command, env: { ...command.env, ...env } };
}

/** Another replica of the worker, outside the stack. */
async function startWorker(bench: Bench, name: string, { argv: [command, ...args], cwd, env }: Command) {
  const port = await freePort();
  const spec = { name, command: command!, args, cwd };
  return startHttpPeer(bench, spec, { ...env, PORT: String(port) }, port);
}

/** Accepts spans and discards them: a collector's work is not measured here. */
function startCollector(): Promise<Listener> {
  return listen(createServer((req, res) => void req.resume().on('end', () => res.end())));
}

function microseconds(ms: readonly number[]): string {
  return `${(median(ms) * 1_000).toFixed(0)} µs`;
}
