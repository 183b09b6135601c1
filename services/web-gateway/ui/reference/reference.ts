// The API reference: Swagger UI, with what it lacks for keyboards and screen readers.
import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle.js';
import { followTheme } from '../state/theme.js';
import { accessible, ourApi } from './plugins.js';

followTheme();
SwaggerUI({
  domNode: document.getElementById('reference'),
  url: '/openapi.json',
  plugins: [accessible, ourApi],
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  // In colours of its own, which are not for both themes.
  syntaxHighlight: { activated: false },
  // Asks nobody else about our description.
  validatorUrl: null,
});
