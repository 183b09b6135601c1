import type { ServiceClient } from '@millrace/chassis/calls';
import { type Allowance, type Authentication, createHttpApp } from '@millrace/chassis/http';
import type { Lifecycle, Logger } from '@millrace/chassis/process';
import { declareRedisMetrics, type Redis, redisCheck } from '@millrace/chassis/stores/redis';
import type { TraceReader } from '@millrace/chassis/traces';
import { createWorkLimiter } from '@millrace/chassis/work';
import { createEffectWorkers, createImageStore, splitMemory } from '@millrace/workflows';
import type { SignInSettings } from '@millrace/contracts';
import type { Express } from 'express';
import { createJobClient } from './jobs/job-client.js';
import { analyzeRoutes } from './texts/analyze-route.js';
import { docsRoutes } from './reference/route.js';
import { imageRoutes } from './images/image-route.js';
import { imageTraceRoutes } from './images/trace-route.js';
import { labRoutes } from './lab/route.js';
import { uiRoutes } from './web-ui/route.js';
import { uploadRoutes } from './images/upload-route.js';
import { systemHealth } from './system-health.js';

export interface Dependencies {
  pod: string;
  logger: Logger;
  lifecycle: Lifecycle;
  auth?: Authentication | undefined;
  allowance?: Allowance | undefined;
  /** How many bytes a client may upload. */
  uploads?: Allowance | undefined;
  redis: Redis;
  services: Services;
  limits: Limits;
  /** Where traces can be read, and where people can see them in Jaeger. Default: they are not shown. */
  traces?: { reader: TraceReader; jaegerUrl: string | undefined } | undefined;
  /** The output of ui/build.mjs. */
  uiFolder: string;
  /** How the web UI signs users in; undefined without sign-in. */
  signIn?: SignInSettings | undefined;
}

/** The services that the gateway calls. */
export type Services = Record<
  'taskApi' | 'userApi' | 'textWorker' | 'blurWorker' | 'bwWorker' | 'queueWorker',
  ServiceClient
>;

export interface Limits {
  uploadMaxBytes: number;
  memoryBudgetBytes: number;
  uploadQueueLimit: number;
  labRunLimit: number;
  uploadTimeoutMs: number;
  imageTtlSeconds: number;
}

/** The share of the memory for images that one client may have: whatever it sends, some is left for others. */
const CLIENT_SHARE = 1 / 2;

/** The share of the memory for images that is reserved for sending them. It is taken from uploads, which wait longer. */
const SHOWN_SHARE = 1 / 10;
const IMAGES_WAITING = 100;

export function createApp({
  redis,
  services,
  uploads,
  limits,
  traces,
  uiFolder,
  signIn,
  ...basics
}: Dependencies): Express {
  const jobs = createJobClient(services.taskApi);
  const memory = splitMemory(limits.memoryBudgetBytes);
  const shownBytes = Math.floor(limits.memoryBudgetBytes * SHOWN_SHARE);
  const images = createImageStore({
    redis,
    ttlSeconds: limits.imageTtlSeconds,
    memory: createWorkLimiter({
      name: 'downloads',
      unit: 'bytes',
      concurrency: shownBytes,
      queueLimit: IMAGES_WAITING,
      clientShare: CLIENT_SHARE,
    }),
  });
  const effectWorkers = createEffectWorkers({
    workers: { blur: services.blurWorker, bw: services.bwWorker },
    timeoutMs: limits.uploadTimeoutMs,
    memoryBytes: memory.made,
    clientShare: CLIENT_SHARE,
  });
  declareRedisMetrics(redis);
  return createHttpApp({
    ...basics,
    service: 'web-gateway',
    health: systemHealth({ pod: basics.pod, checks: [redisCheck(redis)], services: Object.values(services) }),
    routes: [
      uiRoutes(uiFolder, { signIn, traces }),
      docsRoutes({ folder: uiFolder, isSecured: basics.auth !== undefined }),
      analyzeRoutes(services.textWorker, jobs),
      uploadRoutes({
        effectWorkers,
        images,
        jobs,
        memory: createWorkLimiter({
          name: 'uploads',
          unit: 'bytes',
          concurrency: memory.received - shownBytes,
          queueLimit: limits.uploadQueueLimit,
          clientShare: CLIENT_SHARE,
          draining: basics.lifecycle.draining,
        }),
        allowance: uploads,
        maxBytes: limits.uploadMaxBytes,
      }),
      imageRoutes(images, limits.imageTtlSeconds),
      ...(traces ? [imageTraceRoutes(images, traces.reader)] : []),
      labRoutes(effectWorkers, basics.lifecycle, limits.labRunLimit),
    ],
  });
}
