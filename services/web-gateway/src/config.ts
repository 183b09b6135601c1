import {
  milliseconds,
  nonNegativeInteger,
  positiveInteger,
  rateLimitConfig,
  redisForLimit,
  urlList,
} from '@millrace/chassis/process';
import { tracesConfig, webAddress } from '@millrace/chassis/traces';
import { MAX_IMAGE_BYTES } from '@millrace/contracts';
import { workflowConfig } from '@millrace/workflows';
import { z } from 'zod';

const settings = workflowConfig.extend({
  ...rateLimitConfig.shape,
  ...tracesConfig.shape,
  /** Where people can see traces in Jaeger: the web UI links to it. */
  TRACES_UI_URL: webAddress.optional(),
  USER_API_URLS: urlList,
  QUEUE_WORKER_URLS: urlList,
  /** The web UI's client ID at AUTH_ISSUER: a public client, whose redirect URI is the URL of the home page. */
  AUTH_CLIENT_ID: z.string().min(1).max(255).optional(),
  /** Parameters of the web UI's authorization request, as a query string: replaces `scope`, and adds what the issuer needs, such as `audience=…`. */
  AUTH_PARAMETERS: z.string().max(2_000).optional(),
  /** The largest image that may be uploaded. Nginx has its own limit, slightly above. */
  UPLOAD_MAX_BYTES: positiveInteger.default(MAX_IMAGE_BYTES),
  /** How many bytes per second a client may upload in the long run, over all replicas; 0: no limit. */
  UPLOAD_RATE_BYTES: nonNegativeInteger.default(32 * 1024 ** 2),
  /** How many bytes it may upload at once after a pause. */
  UPLOAD_BURST_BYTES: positiveInteger.default(1024 ** 3),
  /** How many lab runs a replica does at once; 0: the lab is off. Two runs at once would measure each other. */
  LAB_RUN_LIMIT: nonNegativeInteger.default(1),
  /** How many uploads may wait for memory. */
  UPLOAD_QUEUE_LIMIT: positiveInteger.default(64),
  /** How long all effects of an upload may take, including waiting for free workers. Nginx waits for 150 s. */
  UPLOAD_TIMEOUT_MS: milliseconds.default(140_000),
});

export const configSchema = settings
  .refine(...redisForLimit('RATE_LIMIT_PER_SECOND'))
  .refine(...redisForLimit('UPLOAD_RATE_BYTES'));
