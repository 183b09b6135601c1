/** Follows one request through every hop, log line and job. */
export const REQUEST_ID = 'X-Request-Id';
/** Names the replica that responded. */
export const SERVED_BY = 'X-Served-By';
/** W3C Trace Context: the trace, the span in it that calls, and whether it is exported. Nginx removes it from requests from outside. */
export const TRACEPARENT = 'traceparent';
/** The span that answered, for clients that sent no `traceparent`: https://w3c.github.io/trace-context/#traceresponse-header */
export const TRACERESPONSE = 'traceresponse';
/** How long the caller will wait for the response, in ms. Each hop passes on what is left of it. */
export const TIMEOUT_MS = 'X-Request-Timeout-Ms';
/** The address of the client on whose behalf a request is made. Nginx sets it; the services pass it on to one another. */
export const CLIENT_ADDRESS = 'X-Real-IP';
/** Set by Nginx when many clients may share that address, such as a load balancer's: it must not be limited as one client. */
export const SHARED_ADDRESS = 'X-Shared-Address';
/** What a client may do, and what is left of it: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers */
export const RATE_LIMIT_POLICY = 'RateLimit-Policy';
export const RATE_LIMIT = 'RateLimit';
/**
 * Between services, with AUTH_MODE=jwt: `TOKEN` or `TOKEN OWNER`. The token proves that the caller is a service; the owner, percent-encoded, is the
 * user on whose behalf it calls. Nginx drops it.
 */
export const SERVICE_TOKEN = 'X-Service-Token';
/**
 * On a 503. `false`: the request had no effect, so it may be repeated, whatever its method. `true`: it may have had an effect.
 */
export const WORK_BEGUN = 'X-Work-Begun';
/**
 * RFC 9218, section 4.1: how urgent a request is. Between services only: an image worker never lets background work (the lowest urgency)
 * take its last place.
 */
export const PRIORITY = 'Priority';
export const BACKGROUND_PRIORITY = 'u=7';
/** How many frames an animation has, set by image workers; the response contains the first one. Absent for a still image. */
export const IMAGE_FRAMES = 'X-Image-Frames';

/** What a client's request id may look like; anything else is replaced. */
export const REQUEST_ID_PATTERN = /^[A-Za-z0-9._-]{1,128}$/;
/** https://www.w3.org/TR/trace-context/#traceparent-header-field-values, version 00 */
export const TRACEPARENT_PATTERN = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
/** Up to a day; anything else is ignored. */
export const TIMEOUT_MS_PATTERN = /^\d{1,8}$/;
