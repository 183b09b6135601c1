// Runs before the first paint, so that there is no white flash in dark mode.
import { applyTheme } from './state/theme.js';

applyTheme();
