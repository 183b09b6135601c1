import { z } from 'zod';

/** TLS behind Nginx: see docs/TLS.md. */
export const tlsConfig = z.object({
  /**
   * The folder of this service's certificate, `tls.crt`, its key, `tls.key`, and the authority of all services, `ca.crt`: with cert-manager's
   * names. With it, every connection to and from this service is TLS, whatever the URLs say. Not set: plain.
   */
  TLS_DIR: z.string().min(1).optional(),
  /** The names in the certificates of allowed callers, separated by commas. Default: everyone with a certificate from the authority. */
  TLS_CALLERS: z
    .string()
    .transform((list) => list.split(',').map((name) => name.trim()))
    .pipe(
      z.array(
        z
          .string()
          .regex(/^[a-z\d]([a-z\d.-]*[a-z\d])?$/i, 'must be the names of services, separated by commas'),
      ),
    )
    .optional(),
  /** The authorities of Redis and PostgreSQL (PEM), if they differ from the one in TLS_DIR. Both are then called with TLS. */
  STORES_CA: z.string().min(1).optional(),
});

export type TlsConfig = z.infer<typeof tlsConfig>;
