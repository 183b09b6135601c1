import { useState } from 'preact/hooks';

/** The original over the result, up to a line that can be moved, by a pointer or by the arrow keys. */
export function BeforeAfter(props: { beforeUrl: string; afterUrl: string; name: string }) {
  const [percent, setPercent] = useState(50);
  return (
    <div class="before-after">
      <img src={props.afterUrl} alt={`${props.name}, with the effects`} />
      <img
        class="before"
        src={props.beforeUrl}
        alt={`${props.name}, the original`}
        style={{ clipPath: `inset(0 ${100 - percent}% 0 0)` }}
      />
      <span class="divider" aria-hidden="true" style={{ left: `${percent}%` }} />
      <span class="tag is-before" aria-hidden="true">
        Before
      </span>
      <span class="tag is-after" aria-hidden="true">
        After
      </span>
      <input
        type="range"
        aria-label="How much of the original is shown"
        aria-valuetext={`${percent} percent`}
        min={0}
        max={100}
        value={percent}
        onInput={({ currentTarget }) => setPercent(Number(currentTarget.value))}
      />
    </div>
  );
}
