const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const exact = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' });

/** How long ago something happened; the tooltip has the exact time. */
export function Ago({ time }: { time: string }) {
  const date = new Date(time);
  return (
    <time dateTime={time} title={exact.format(date)}>
      {inWords((date.getTime() - Date.now()) / 1_000)}
    </time>
  );
}

function inWords(seconds: number): string {
  const [unit, length] = STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? [];
  if (unit && length) return relative.format(Math.round(seconds / length), unit);
  return seconds > 10 ? `in ${Math.round(seconds)} s` : 'just now';
}

/** 850 ms, 2.4 s, 3 min 20 s, 2 h 5 min, 3 d 4 h */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const s = ms / 1_000;
  if (s < 60) return `${s.toFixed(1)} s`;
  const [big, bigUnit, small, smallUnit] =
    s < 3_600
      ? [s / 60, 'min', s % 60, 's']
      : s < 86_400
        ? [s / 3_600, 'h', (s % 3_600) / 60, 'min']
        : [s / 86_400, 'd', (s % 86_400) / 3_600, 'h'];
  return `${Math.floor(big)} ${bigUnit} ${Math.floor(small)} ${smallUnit}`;
}
