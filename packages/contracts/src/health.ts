import { z } from 'zod';

export const healthStatusSchema = z.enum(['healthy', 'unhealthy']);

/** A service's own view: itself and each dependency it cannot work without. */
export const serviceHealthSchema = z.object({
  status: healthStatusSchema,
  service: z.string(),
  pod: z.string(),
  uptime_s: z.number(),
  checks: z.record(z.string(), z.object({ status: healthStatusSchema, latency_ms: z.number() })),
});

/** The whole product: every service with each of its replicas. */
export const systemHealthSchema = z.object({
  status: healthStatusSchema,
  services: z.record(
    z.string(),
    z.object({
      status: healthStatusSchema,
      replicas: z.array(serviceHealthSchema.partial().required({ status: true })),
    }),
  ),
});

export type HealthStatus = z.infer<typeof healthStatusSchema>;
export type ServiceHealth = z.infer<typeof serviceHealthSchema>;
export type SystemHealth = z.infer<typeof systemHealthSchema>;
