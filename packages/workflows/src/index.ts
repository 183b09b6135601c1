// What web-gateway does at once and queue-worker does later, in one place.
export { analyzeJson, analyzeText } from './analyze-text.js';
export { createWorkflowServices, workflowConfig } from './config.js';
export { applyEffects } from './apply-effects.js';
export { createEffectWorkers, type EffectWorkers, splitMemory } from './effect-workers.js';
export { createImageStore, type ImageStore, type StoredImage } from './image-store.js';
export { processImage } from './process-image.js';
