// The parts of the contracts that need no zod. The web UI bundles them from `@millrace/contracts/constants`.

/** The pages of the web UI, each at /ui/:page. */
export const PAGES = ['tasks', 'analyze', 'images', 'jobs', 'lab', 'users', 'system'] as const;

export const PRIORITIES = ['low', 'medium', 'high'] as const;
export const TASK_STATUSES = ['open', 'queued', 'processing', 'completed', 'failed', 'cancelled'] as const;
export const JOB_KINDS = ['task', 'analyze', 'image'] as const;
/** `queued → processing → completed | failed`, `queued → cancelled`; and back to `queued` by a retry. */
export const JOB_STATUSES = ['queued', 'processing', 'completed', 'failed', 'cancelled'] as const;
export const FINAL_STATUSES: readonly (typeof JOB_STATUSES)[number][] = ['completed', 'failed', 'cancelled'];

export const EFFECTS = ['blur', 'bw'] as const;
/** The image types that clients can upload and get back. */
export const IMAGE_TYPES = ['image/jpeg', 'image/png', 'image/webp'] as const;
/** The largest image, unless UPLOAD_MAX_BYTES says otherwise. */
export const MAX_IMAGE_BYTES = 20 * 1024 * 1024;
/** The largest image, unless IMAGE_MAX_PIXELS says otherwise. */
export const MAX_IMAGE_PIXELS = 50_000_000;
/** Up to this size, an image takes some hundredths of a second. Larger ones are background work for image workers, as jobs are. */
export const QUICK_IMAGE_PIXELS = 4_000_000;

/** The longest text to analyze, in characters: Unicode code points, so up to two UTF-16 code units each. */
export const TEXT_MAX = 100_000;
/** The longest search, in characters. */
export const SEARCH_MAX = 200;

/** How many rows a page of a list has, and how many it can have. */
export const PAGE_LIMIT = { default: 50, max: 200 } as const;

export const LAB_REQUESTS = { default: 20, max: 200 } as const;
export const LAB_CONCURRENCY = { default: 20, max: 50 } as const;

/** The header that makes creating work safe to repeat: same key and same input, same answer. */
export const IDEMPOTENCY_KEY = 'Idempotency-Key';
