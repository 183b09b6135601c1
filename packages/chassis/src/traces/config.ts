import { z } from 'zod';

/** An http:// or https:// URL. */
export const webAddress = z.url({ protocol: /^https?$/, error: 'must be a URL such as http://jaeger:16686' });

/** What services read that show traces. */
export const tracesConfig = z.object({
  /** Where traces can be read: Jaeger's query API, version 3. Not set: nowhere, and nothing is shown. */
  TRACES_URL: webAddress.optional(),
});
