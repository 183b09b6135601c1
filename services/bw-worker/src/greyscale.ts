import type { ImageOperation } from '@millrace/image-worker';

/** One grey channel, by luminance; alpha, if present, stays as a second one. */
export const greyscale: ImageOperation = (image) => image.greyscale().toColourspace('b-w');
