import { expectLargeBuffers } from '../../packages/chassis/src/process/large-buffers.js';

expectLargeBuffers();
