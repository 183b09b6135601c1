import {
  DashboardBuilder,
  DashboardCursorSync,
  QueryVariableBuilder,
  RowBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** A graph. Units are Grafana's: https://grafana.com/docs/grafana/latest/panels-visualizations/configure-standard-options/#unit */
export interface Panel {
  title: string;
  unit: 's' | 'bytes' | 'short' | 'percentunit' | 'reqps' | 'ops' | 'dateTimeAsIso';
  /** Queries, by the names of their lines. */
  lines: { [legend: string]: string };
  /** Empty as long as nothing is wrong, so the test of the queries does not expect values. */
  quiet?: true;
}

export interface Dashboard {
  uid: string;
  title: string;
  /** With a choice of one service, `$job` in queries. */
  choosesService?: true;
  /** About Nginx, PostgreSQL and Redis, which have no metrics without exporters. */
  needsExporters?: true;
  rows: { [title: string]: Panel[] };
}

/** The histogram of requests, for queries. */
export const REQUESTS = 'http_server_request_duration_seconds';

/** The name in observe/grafana/datasource.yaml. */
const datasource = { type: 'prometheus', uid: 'prometheus' };

const WIDTH = 8;
const HEIGHT = 7;

/** A dashboard as Grafana reads it from a file. */
export function dashboardFile({ uid, title, choosesService, rows }: Dashboard): string {
  // Its successor creates dashboards for Grafana's new API; the file provider reads these.
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- see above
  const builder = new DashboardBuilder(`Millrace: ${title}`)
    .uid(`millrace-${uid}`)
    .tags(['millrace'])
    .time({ from: 'now-1h', to: 'now' })
    .timezone('browser')
    .refresh('30s')
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair);
  if (choosesService) {
    const query = 'label_values(http_server_request_duration_seconds_count, job)';
    builder.withVariable(
      new QueryVariableBuilder('job').label('service').datasource(datasource).query(query),
    );
  }
  for (const [name, panels] of Object.entries(rows)) {
    builder.withRow(new RowBuilder(name));
    for (const { title, unit, lines } of panels) {
      const panel = new PanelBuilder()
        .title(title)
        .unit(unit)
        .min(0)
        .datasource(datasource)
        .span(WIDTH)
        .height(HEIGHT)
        .fillOpacity(10);
      for (const [legend, expr] of Object.entries(lines))
        panel.withTarget(
          new DataqueryBuilder().expr(expr).legendFormat(legend).exemplar(expr.includes('_bucket')),
        );
      builder.withPanel(panel);
    }
  }
  return `${JSON.stringify(builder.build(), undefined, 2)}\n`;
}
