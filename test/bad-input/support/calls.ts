/** Calls for chat completions of the model `m`, good ones and others. */

/** The body is JSON for an object, and as it is for text and bytes. */
export function chatCall(
  body: object | string | Uint8Array = {},
  init: RequestInit = {},
  headers: Readonly<Record<string, string>> = {},
): RequestInit {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  return {
    method: 'POST',
    body: isRaw ? (body as string) : JSON.stringify(aChat(body)),
    ...init,
    headers: { 'content-type': 'application/json', ...headers, ...(init.headers as Record<string, string>) },
  };
}

export function aChat(fields: object = {}): object {
  return { model: 'm', messages: [{ role: 'user', content: 'hello' }], ...fields };
}

/** What a failed call is told: its status and the error in OpenAI's shape. */
export interface Failure {
  readonly status: number;
  readonly error: {
    readonly code: string | null;
    readonly type: string;
    readonly param: string | null;
    readonly message: string;
  };
}

export async function failureOf(response: Response): Promise<Failure> {
  const { error } = (await response.json()) as Pick<Failure, 'error'>;
  return { status: response.status, error };
}
