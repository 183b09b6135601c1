import type { Effect, Hop } from '@millrace/contracts';
import { Icon } from './icon.js';
import { duration } from './time.js';

export const EFFECT_WORDS: Record<Effect, string> = { blur: 'Blur', bw: 'Black and white' };

/** The way an image took through the workers: which replica applied what, and how long it took, waiting included. */
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
