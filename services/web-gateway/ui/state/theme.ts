import { keep, readKept } from './kept.js';

export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'millrace.theme';
const systemIsDark = matchMedia('(prefers-color-scheme: dark)');

/** What the person chose; `auto` follows the system. */
export function chosenTheme(): Theme {
  return readKept<Theme>(KEY, (found): found is Theme => THEMES.some((theme) => theme === found), 'auto');
}

export function chooseTheme(theme: Theme): void {
  keep(KEY, theme);
  applyTheme();
}

/** Puts the chosen theme on the page, where Bootstrap's variables, ours, and Swagger UI look for it. */
export function applyTheme(): void {
  const theme = chosenTheme();
  const isDark = theme === 'dark' || (theme === 'auto' && systemIsDark.matches);
  document.documentElement.dataset['bsTheme'] = isDark ? 'dark' : 'light';
  document.documentElement.classList.toggle('dark-mode', isDark);
}

/** Follows changes of the system's scheme, and choices made in other tabs. */
export function followTheme(): void {
  systemIsDark.addEventListener('change', applyTheme);
  addEventListener('storage', ({ key }) => key === KEY && applyTheme());
}
