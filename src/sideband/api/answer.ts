/** What a call is answered, whichever server sends it. */

export interface ApiAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const PLAIN_TEXT = 'text/plain; charset=utf-8';
export const JSON_TYPE = 'application/json';

export function text(body: string): ApiAnswer {
  return { status: 200, contentType: PLAIN_TEXT, body };
}

export function json(body: unknown, status = 200): ApiAnswer {
  return { status, contentType: JSON_TYPE, body: JSON.stringify(body) };
}

/** A refusal in the shape that callers of the existing scheduler know. */
export function detail(status: number, message: unknown): ApiAnswer {
  return json({ detail: message }, status);
}
