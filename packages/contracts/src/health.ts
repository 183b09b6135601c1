import { z } from 'zod';

export const healthStatusSchema = z.enum(['healthy', 'unhealthy']);

/** A service's own view: itself and each dependency it cannot work without. */
export const serviceHealthSchema = z
  .object({
    status: healthStatusSchema,
    service: z.string(),
    pod: z.string().meta({ description: 'The replica.' }),
    version: z.string().meta({ description: 'The release that it runs.' }),
    uptime_s: z.number(),
    checks: z
      .record(z.string(), z.object({ status: healthStatusSchema, latency_ms: z.number() }))
      .meta({ description: 'Each dependency by its name.' }),
  })
  .meta({
    id: 'ServiceHealth',
    description: 'A replica’s own view: itself and what it cannot work without.',
  });

/** The whole product: every service with each of its replicas. */
export const systemHealthSchema = z
  .object({
    status: healthStatusSchema,
    services: z
      .record(
        z.string(),
        z.object({
          status: healthStatusSchema,
          replicas: z.array(serviceHealthSchema.partial().required({ status: true })),
        }),
      )
      .meta({ description: 'Each service by its name; it is healthy when one of its replicas is.' }),
  })
  .meta({ id: 'SystemHealth', description: 'Every service with each of its replicas.' });

export type HealthStatus = z.infer<typeof healthStatusSchema>;
export type ServiceHealth = z.infer<typeof serviceHealthSchema>;
export type SystemHealth = z.infer<typeof systemHealthSchema>;
