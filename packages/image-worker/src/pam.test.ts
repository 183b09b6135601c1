import { pamHeader, parsePam } from './pam.js';

const file = (header: string, pixelBytes: number) =>
  Buffer.concat([Buffer.from(header), Buffer.alloc(pixelBytes, 9)]);

describe('PAM', () => {
  it.each([
    [1, 'GRAYSCALE'],
    [2, 'GRAYSCALE_ALPHA'],
    [3, 'RGB'],
    [4, 'RGB_ALPHA'],
  ] as const)('is read as it is written, with %i channels', (channels, tupleType) => {
    const header = pamHeader({ width: 3, height: 2, channels });
    expect(header.toString()).toContain(`TUPLTYPE ${tupleType}\n`);
    const data = Buffer.from(Array.from({ length: 6 * channels }, (_, index) => index));
    expect(parsePam(Buffer.concat([header, data]))).toEqual({ data, width: 3, height: 2, channels });
  });

  const header = 'P7\nWIDTH 3\nHEIGHT 2\nDEPTH 1\nMAXVAL 255\nTUPLTYPE GRAYSCALE\nENDHDR\n';

  it.each([
    ['too few pixels', file(header, 5)],
    ['too many pixels', file(header, 7)],
    ['16 bits a channel', file(header.replace('255', '65535'), 6)],
    ['five channels', file(header.replace('DEPTH 1', 'DEPTH 5'), 30)],
    ['no width', file(header.replace('WIDTH 3\n', ''), 6)],
    ['a width of zero', file(header.replace('WIDTH 3', 'WIDTH 0'), 0)],
    ['a broken width', file(header.replace('WIDTH 3', 'WIDTH 1.5'), 3)],
    ['no end of the header', file('P7\nWIDTH 3\n', 2_000)],
    ['another magic number', file(header.replace('P7', 'P6'), 6)],
    ['nothing', Buffer.alloc(0)],
  ])('is refused with %s', (_case, bytes) => {
    expect(parsePam(bytes)).toBeUndefined();
  });
});
