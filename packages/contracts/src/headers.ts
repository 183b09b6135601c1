/** Follows one request through every hop, log line and job. */
export const REQUEST_ID = 'X-Request-Id';
/** Names the replica that answered. */
export const SERVED_BY = 'X-Served-By';
/** W3C Trace Context, passed on untouched. */
export const TRACEPARENT = 'traceparent';

/** What a request id taken over from a client may look like; anything else is replaced. */
export const REQUEST_ID_PATTERN = /^[A-Za-z0-9._-]{1,128}$/;
/** https://www.w3.org/TR/trace-context/#traceparent-header-field-values, version 00 */
export const TRACEPARENT_PATTERN = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
