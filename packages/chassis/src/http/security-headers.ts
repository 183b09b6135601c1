import type { ServerResponse } from 'node:http';
import helmet, { type HelmetOptions } from 'helmet';

/** Responses are data unless a route says otherwise: no script, no style, no frame. TLS and HSTS are up to the edge. */
export const HELMET_OPTIONS: HelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  strictTransportSecurity: false,
  xFrameOptions: { action: 'deny' },
};

/** The headers that helmet adds to every response. They never change, so helmet runs only once. */
export const SECURITY_HEADERS: readonly (readonly [name: string, value: string])[] =
  headersOf(HELMET_OPTIONS);

function headersOf(options: HelmetOptions): [string, string][] {
  const headers: [string, string][] = [];
  const recorder: Pick<ServerResponse, 'setHeader' | 'removeHeader'> = {
    setHeader(name, value) {
      headers.push([name, String(value)]);
      return recorder as ServerResponse;
    },
    removeHeader: () => undefined,
  };
  const middleware = helmet(options) as (req: unknown, res: unknown, next: (error?: Error) => void) => void;
  middleware({}, recorder, (error) => {
    if (error) throw error;
  });
  return headers;
}
