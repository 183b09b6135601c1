import { useState } from 'preact/hooks';
import { chooseTheme, chosenTheme, type Theme, THEMES } from '../state/theme.js';
import { Icon } from './icon.js';

const WORDS: Record<Theme, string> = { auto: 'Match system', light: 'Light', dark: 'Dark' };

export function ThemeSwitch() {
  const [theme, setTheme] = useState(chosenTheme());
  return (
    <fieldset class="theme-switch">
      <legend class="visually-hidden">Color scheme</legend>
      {THEMES.map((choice) => (
        <label key={choice} title={WORDS[choice]}>
          <input
            type="radio"
            name="theme"
            class="visually-hidden"
            checked={choice === theme}
            onChange={() => {
              chooseTheme(choice);
              setTheme(choice);
            }}
          />
          <Icon name={choice} />
          <span class="visually-hidden">{WORDS[choice]}</span>
        </label>
      ))}
    </fieldset>
  );
}
