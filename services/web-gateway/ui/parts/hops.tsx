import type { Effect, Hop } from '@millrace/contracts';
import { Icon } from './icon.js';
import { duration } from './time.js';

export const EFFECT_WORDS: Record<Effect, string> = { blur: 'Blur', bw: 'Black and white' };

/** The steps of an image through the workers: which replica applied which effect, and how long it took, including waiting. */
export function Hops({ hops }: { hops: Hop[] }) {
  return (
    <ol class="hops">
      {hops.map(({ effect, pod, ms }, index) => (
        <li key={effect}>
          {index > 0 && <Icon name="arrow" />}
          <span>
            <strong>{EFFECT_WORDS[effect]}</strong>
            <span class="figures">
              {pod} · {duration(ms)}
            </span>
          </span>
        </li>
      ))}
    </ol>
  );
}
