import { availableParallelism } from 'node:os';
import sharp from 'sharp';

// libvips reads a dozen formats, each with a parser that strangers could attack. Only the supported ones stay enabled.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Webp'].map((format) => `VipsForeignLoad${format}Buffer`),
});

// With glibc's allocator, sharp starts with one thread, for fear of fragmentation under many images at once. Here the work is bounded, and
// an image should have every CPU.
sharp.concurrency(availableParallelism());

// No image comes twice: an operation cache would only keep the pixels of finished work in memory.
sharp.cache(false);

export { sharp };
