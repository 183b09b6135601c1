// Runs before the first paint, so that nobody who chose dark sees a flash of white.
import { applyTheme } from './state/theme.js';

applyTheme();
