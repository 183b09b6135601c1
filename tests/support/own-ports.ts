// Jest's workers run at the same time, so each takes free ports from its own part of the range.
import { takePortsFrom } from '../../local/servers/ports.js';

const PARTS = 8;

takePortsFrom((Number(process.env['JEST_WORKER_ID']) - 1) % PARTS, { parts: PARTS });
