import { setFlagsFromString } from 'node:v8';

/**
 * For processes through which large buffers pass, such as images; called when they start.
 *
 * V8 counts new buffers as growth of its heap, and marks the whole heap once it has grown enough. For a process that makes few objects, that
 * can be after 10 MB, so a single image would have it marked several times. With this, the heap may grow to four times its size, which V8 allows
 * busy processes anyway. Its limit for buffers alone, 64 MB, still holds.
 */
export function expectLargeBuffers(): void {
  setFlagsFromString('--heap-growing-percent=300');
}
