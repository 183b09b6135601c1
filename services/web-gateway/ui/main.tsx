import { render } from 'preact';
import { App } from './app.js';
import { followLinks } from './state/route.js';
import { followTheme } from './state/theme.js';

followTheme();
followLinks();
render(<App />, document.getElementById('app')!);
