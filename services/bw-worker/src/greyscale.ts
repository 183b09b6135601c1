import type { ImageOperation } from '@millrace/image-worker';

/** One channel of grey, by luminance; alpha, where there is any, stays a second one. */
export const greyscale: ImageOperation = (image) => image.greyscale().toColourspace('b-w');
