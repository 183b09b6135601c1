import { imageSize } from 'image-size';
import type { ImageType } from '@millrace/contracts';

/** How many bytes a picture has between two workers, by its header: one a channel. One that cannot be read: 0. */
export function uncompressedBytes(image: { type: ImageType; bytes: Buffer }): number {
  const channels = image.type === 'image/jpeg' ? 3 : 4;
  try {
    const { width, height } = imageSize(image.bytes);
    return width * height * channels;
  } catch {
    // The first worker will say what is wrong with it.
    return 0;
  }
}
