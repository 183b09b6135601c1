import { median } from './statistics.js';

/** The median rate per second: 4,871/s */
export function perSecond(rates: readonly number[]): string {
  return `${Math.round(median(rates)).toLocaleString('en')}/s`;
}

/** 12.3 ms */
export function milliseconds(values: readonly number[]): string {
  return `${shortNumber(median(values))} ms`;
}

/** Three significant digits, whatever the size: 0.0123, 1.23, 12.3, 1,234 */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return '-';
  return Math.abs(value) >= 100
    ? Math.round(value).toLocaleString('en')
    : String(Number(value.toPrecision(3)));
}
