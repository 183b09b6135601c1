/** Proves to the server who sends a request. */
export interface Access {
  /** A token that is still valid for a moment. @throws Failure 401 when nobody is signed in any longer */
  token(): Promise<string>;
  /** Call it when the server has refused the token. */
  refused(): void;
  /** An EventSource that sends the token, which the browser's own cannot. */
  openEvents(path: string): EventSource;
}

/** Undefined without sign-in. */
let access: Access | undefined;

export function setAccess(given: Access): void {
  access = given;
}

/** Whether requests carry a token. */
export function isAuthorized(): boolean {
  return access !== undefined;
}

/** `fetch` as the signed-in user. */
export function fetchAs(path: string, init: RequestInit): Promise<Response> {
  return access ? fetchWith(access, path, init) : fetch(path, init);
}

async function fetchWith(by: Access, path: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('Authorization', `Bearer ${await by.token()}`);
  const response = await fetch(path, { ...init, headers });
  if (response.status === 401) by.refused();
  return response;
}

/** The same for an XMLHttpRequest that has been opened. */
export async function authorize(request: XMLHttpRequest): Promise<void> {
  if (!access) return;
  const by = access;
  request.setRequestHeader('Authorization', `Bearer ${await by.token()}`);
  request.addEventListener('load', () => {
    if (request.status === 401) by.refused();
  });
}

/** Server-sent events. */
export function openEvents(path: string): EventSource {
  return access ? access.openEvents(path) : new EventSource(path);
}
