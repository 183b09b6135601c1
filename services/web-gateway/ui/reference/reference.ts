// The API reference: Swagger UI, plus what it lacks for keyboards and screen readers.
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
  // It has its own colours, which do not suit both themes.
  syntaxHighlight: { activated: false },
  // Does not send our description to a third party for validation.
  validatorUrl: null,
});
