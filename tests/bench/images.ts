import sharp from 'sharp';

/** A JPEG that is as hard to encode as a photograph: soft shapes, and the noise of a sensor. Always the same shapes. */
export async function photograph(megapixels: number): Promise<Buffer> {
  const width = Math.round(Math.sqrt((megapixels * 1e6 * 4) / 3));
  const height = Math.round((width * 3) / 4);
  const cells = Buffer.from(Array.from({ length: 16 * 12 * 3 }, (_, at) => (at * 7919 + at * at * 31) % 251));
  const shapes = await sharp(cells, { raw: { width: 16, height: 12, channels: 3 } })
    .resize(width, height, { kernel: 'cubic', fit: 'fill' })
    .png({ compressionLevel: 0 })
    .toBuffer();
  const noise = await sharp({
    create: {
      width,
      height,
      channels: 3,
      background: 'grey',
      noise: { type: 'gaussian', mean: 128, sigma: 12 },
    },
  })
    .png({ compressionLevel: 0 })
    .toBuffer();
  return sharp(shapes)
    .composite([{ input: noise, blend: 'soft-light' }])
    .removeAlpha()
    .jpeg({ quality: 88 })
    .toBuffer();
}

const BOUNDARY = 'millrace-bench';

/** The image as a form that asks for both effects. */
export function uploadForm(file: Buffer): { body: Buffer; type: string } {
  const part = (head: string) => `--${BOUNDARY}\r\nContent-Disposition: form-data; ${head}\r\n`;
  return {
    body: Buffer.concat([
      Buffer.from(`${part('name="effects"')}\r\nbw,blur\r\n`),
      Buffer.from(`${part('name="file"; filename="photo.jpg"')}Content-Type: image/jpeg\r\n\r\n`),
      file,
      Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
    ]),
    type: `multipart/form-data; boundary=${BOUNDARY}`,
  };
}

/** @throws when a pixel differs */
export async function assertSamePixels(one: Buffer, other: Buffer): Promise<void> {
  const [first, second] = await Promise.all(
    [one, other].map((file) => sharp(file).raw().toBuffer({ resolveWithObject: true })),
  );
  if (!first!.data.equals(second!.data)) throw new Error('The two images differ in their pixels.');
}
