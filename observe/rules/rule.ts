/** Durations in Prometheus's format (5m); in a test, all are shorter. */
export interface Times {
  duration: (text: string) => string;
  seconds: (text: string) => number;
}

export interface Alert {
  alert: string;
  expr: string;
  /** How long the condition must hold. Default: not at all. */
  for?: string;
  /** `page`: somebody must act now. `ticket`: during working hours. */
  severity: 'page' | 'ticket';
  /** Distinguishes alerts with the same name. */
  labels?: { [name: string]: string };
  summary: string;
  /** The anchor of a heading in docs/OPERATIONS.md. */
  runbook: string;
}

export interface RecordingRule {
  record: string;
  labels: { [name: string]: string };
  expr: string;
}

export interface Group {
  name: string;
  rules?: RecordingRule[];
  alerts?: Alert[];
}
