import { z } from 'zod';

/** An http:// or https:// URL. */
export const webAddress = z.url({ protocol: /^https?$/, error: 'must be a URL such as http://jaeger:16686' });

/** What services that show traces read from their environment. */
export const tracesConfig = z.object({
  /** Where traces can be read: Jaeger's query API, version 3. Not set: no traces are shown. */
  TRACES_URL: webAddress.optional(),
});
