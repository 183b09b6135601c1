interface AreaChartProps {
  /** What it shows, for screen readers. */
  label: string;
  values: number[];
  /** How many values fill the width. */
  room: number;
}

const HEIGHT = 40;

/** Values over time, the latest at the right edge. */
export function AreaChart({ label, values, room }: AreaChartProps) {
  const highest = Math.max(1, ...values);
  const x = (index: number) => room - values.length + index + 1;
  const y = (value: number) => HEIGHT - 1 - (value / highest) * (HEIGHT - 4);
  const line = values.map((value, index) => `${x(index)} ${y(value).toFixed(2)}`).join('L');
  return (
    <svg class="area-chart" viewBox={`1 0 ${room - 1} ${HEIGHT}`} preserveAspectRatio="none" role="img">
      <title>{label}</title>
      {values.length > 1 && (
        <>
          <path class="area" d={`M${x(0)} ${HEIGHT}L${line}L${room} ${HEIGHT}Z`} />
          <path class="line" d={`M${line}`} />
        </>
      )}
    </svg>
  );
}
