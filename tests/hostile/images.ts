import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';

const MIB = 1024 * 1024;
/** The limits of the stack. */
const LARGEST_FILE = 20 * MIB - 1_000;

/** Writes the images of the malicious client, and the photo of the normal ones. @returns the folders of both */
export async function makeImages(): Promise<{ hostile: string; honest: string }> {
  const [hostile, honest] = [mkdtempSync(join(tmpdir(), 'hostile-')), mkdtempSync(join(tmpdir(), 'honest-'))];
  // So that the containers' user can read them.
  for (const folder of [hostile, honest]) chmodSync(folder, 0o755);
  writeFileSync(join(honest, 'photo.jpg'), await noise(1_600, 1_200).jpeg({ quality: 80 }).toBuffer());
  writeFileSync(join(hostile, 'bomb-text.png'), textBomb(20));
  writeFileSync(join(hostile, 'slow-zeros.jpg'), Buffer.concat([JPEG_START, Buffer.alloc(LARGEST_FILE - 4)]));
  writeFileSync(join(hostile, 'large-50mp.jpg'), await plain(8_660, 5_770).jpeg({ quality: 60 }).toBuffer());
  writeFileSync(join(hostile, 'large-50mp.png'), await plain(8_660, 5_770).png().toBuffer());
  writeFileSync(
    join(hostile, 'large-20mib.png'),
    await noise(2_600, 2_600).png({ compressionLevel: 0 }).toBuffer(),
  );
  return { hostile, honest };
}

const JPEG_START = Buffer.from([0xff, 0xd8, 0xff, 0xe0]);

function noise(width: number, height: number) {
  const gaussian = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  return sharp({ create: { width, height, channels: 3, background: 'black', noise: gaussian } });
}

function plain(width: number, height: number) {
  return sharp({ create: { width, height, channels: 3, background: '#8a5a2b' }, limitInputPixels: false });
}

/** A small PNG whose text chunks inflate to 8 MB each. */
function textBomb(chunks: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.from([0, 0, 0, 8, 0, 0, 0, 8, 8, 2, 0, 0, 0]);
  const text = deflateSync(Buffer.alloc(7_900_000, 'A'), { level: 9 });
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    ...Array.from({ length: chunks }, (_, number) =>
      chunk('zTXt', Buffer.concat([Buffer.from(`Comment${number}\0\0`, 'latin1'), text])),
    ),
    chunk('IDAT', deflateSync(Buffer.alloc(8 * 25))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
