import { z } from 'zod';

export const healthStatusSchema = z.enum(['healthy', 'unhealthy']);

/** A service's own view: itself and each dependency it cannot work without. */
export const serviceHealthSchema = z
  .object({
    status: healthStatusSchema,
    service: z.string(),
    pod: z.string().meta({ description: 'The name of the replica.' }),
    version: z.string().meta({ description: 'Its version.' }),
    uptime_s: z.number(),
    checks: z
      .record(z.string(), z.object({ status: healthStatusSchema, latency_ms: z.number() }))
      .meta({ description: 'Its dependencies by name.' }),
  })
  .meta({
    id: 'ServiceHealth',
    description: 'The health of a replica: itself and the dependencies it cannot work without.',
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
      .meta({ description: 'The services by name. A service is healthy when at least one replica is.' }),
  })
  .meta({ id: 'SystemHealth', description: 'Every service with each of its replicas.' });

export type HealthStatus = z.infer<typeof healthStatusSchema>;
export type ServiceHealth = z.infer<typeof serviceHealthSchema>;
export type SystemHealth = z.infer<typeof systemHealthSchema>;
