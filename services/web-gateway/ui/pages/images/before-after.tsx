import { useState } from 'preact/hooks';
import { LARGE_EDGE, NoImage } from '../../parts/image.js';
import { useImage } from '../../state/use-image.js';

/** The original over the result, up to a divider that moves with the pointer or the arrow keys. */
export function BeforeAfter(props: { original: File; resultUrl: string; name: string }) {
  const { original, resultUrl, name } = props;
  const [percent, setPercent] = useState(50);
  const before = useImage(original, LARGE_EDGE);
  const after = useImage(resultUrl, LARGE_EDGE);
  const result = `${name}, with the effects`;
  if (after.state !== 'shown') return <NoImage name={result} image={after} />;
  // Every browser can show the result, but perhaps not the uploaded file.
  if (before.state !== 'shown')
    return (
      <div class="before-after">
        <img src={after.url} alt={result} />
      </div>
    );
  return (
    <div class="before-after">
      <img src={after.url} alt={result} />
      <img
        class="before"
        src={before.url}
        alt={`${name}, the original`}
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
