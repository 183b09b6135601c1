import type { Effect } from '@millrace/contracts';
import { EFFECTS } from '@millrace/contracts/constants';
import { useState } from 'preact/hooks';
import { EFFECT_WORDS } from '../../parts/hops.js';
import { Icon } from '../../parts/icon.js';

interface EffectPickerProps {
  /** The chosen effects, in order. */
  effects: Effect[];
  onChange: (effects: Effect[]) => void;
}

/** Which effects to apply, in which order. Reorder them by dragging or with the buttons. */
export function EffectPicker({ effects, onChange }: EffectPickerProps) {
  const [dragged, setDragged] = useState<Effect>();
  const rest = EFFECTS.filter((effect) => !effects.includes(effect));

  const move = (effect: Effect, to: number) => {
    const others = effects.filter((other) => other !== effect);
    onChange([...others.slice(0, to), effect, ...others.slice(to)]);
  };
  const toggle = (effect: Effect) =>
    onChange(effects.includes(effect) ? effects.filter((other) => other !== effect) : [...effects, effect]);

  return (
    <fieldset class="effects">
      <legend class="form-label">Effects, in order</legend>
      <ol>
        {[...effects, ...rest].map((effect, index) => {
          const chosen = effects.includes(effect);
          return (
            <li
              key={effect}
              class={`effect ${chosen ? 'is-chosen' : ''} ${effect === dragged ? 'is-dragged' : ''}`}
              draggable={chosen}
              onDragStart={(event) => {
                setDragged(effect);
                event.dataTransfer?.setData('text/plain', effect);
              }}
              onDragEnd={() => setDragged(undefined)}
              onDragOver={(event) => {
                if (dragged === undefined || !chosen) return;
                event.preventDefault();
                if (effect !== dragged) move(dragged, index);
              }}
              onDrop={(event) => event.preventDefault()}
            >
              <span class="effect-grip">
                <Icon name="grip" />
              </span>
              <label>
                <input
                  type="checkbox"
                  class="form-check-input"
                  checked={chosen}
                  onChange={() => toggle(effect)}
                />
                {EFFECT_WORDS[effect]}
              </label>
              {chosen && (
                <>
                  <button
                    type="button"
                    class="btn-icon"
                    disabled={index === 0}
                    aria-label={`Apply ${EFFECT_WORDS[effect]} earlier`}
                    onClick={() => move(effect, index - 1)}
                  >
                    <Icon name="up" />
                  </button>
                  <button
                    type="button"
                    class="btn-icon"
                    disabled={index === effects.length - 1}
                    aria-label={`Apply ${EFFECT_WORDS[effect]} later`}
                    onClick={() => move(effect, index + 1)}
                  >
                    <Icon name="down" />
                  </button>
                </>
              )}
            </li>
          );
        })}
      </ol>
    </fieldset>
  );
}
