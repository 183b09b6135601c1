/**
 * Scales an image down: one of 50 megapixels takes 200 MB of memory, however small it is shown. Works on one image at a time, so that
 * only one of them is in memory at full size.
 *
 * @param edge the length of the longer side, in pixels
 * @throws when this browser cannot read the image, or `signal` has aborted
 */
export function previewOf(image: Blob, edge: number, signal: AbortSignal): Promise<Blob> {
  const preview = last.then(() => {
    signal.throwIfAborted();
    return shrink(image, edge);
  });
  last = preview.catch(() => undefined);
  return preview;
}

let last: Promise<unknown> = Promise.resolve();

async function shrink(image: Blob, edge: number): Promise<Blob> {
  const bitmap = await createImageBitmap(image);
  const factor = edge / Math.max(bitmap.width, bitmap.height);
  const canvas = document.createElement('canvas');
  try {
    if (factor >= 1) return image;
    canvas.width = Math.max(1, Math.round(bitmap.width * factor));
    canvas.height = Math.max(1, Math.round(bitmap.height * factor));
    const context = canvas.getContext('2d');
    if (!context) throw new Error('This browser has no canvas.');
    context.imageSmoothingQuality = 'high';
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  } finally {
    bitmap.close();
  }
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => {
        // Frees its memory at once.
        canvas.width = canvas.height = 0;
        if (blob) resolve(blob);
        else reject(new Error('The canvas could not be read.'));
      },
      'image/webp',
      0.9,
    );
  });
}
