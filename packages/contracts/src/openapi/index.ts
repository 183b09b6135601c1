export { createOpenApiDocument, type OpenApiDocument } from './document.js';
