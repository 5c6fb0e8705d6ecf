/** Asks the control listener, and says in words what stands in the way. */

/** What went wrong, for the person who asked; where it arose is of no use to them. */
export class ExplainError extends Error {
  override readonly name = 'ExplainError';
}

export interface ControlAddress {
  /** Without a slash at its end. */
  readonly url: string;
  readonly token: string | undefined;
}

const TIMEOUT_MS = 10_000;

/**
 * The JSON of `path`; `undefined` when there is no such thing.
 * @throws ExplainError
 */
export async function askControl<Body>(address: ControlAddress, path: string): Promise<Body | undefined> {
  const { url, token } = address;
  const response = await callControl(address, path);
  const body = await jsonOf(response, url);
  if (response.ok) return body as Body;
  const { code, message } = errorIn(body);
  if (code === 'not_found') return undefined;
  if (code === 'invalid_api_key') {
    throw new ExplainError(
      token === undefined
        ? `${url} asks for its control token: give it with --token or in SIGNALBOX_CONTROL_TOKEN`
        : `${url} does not accept this control token`,
    );
  }
  if (code === 'unknown_path') {
    throw new ExplainError(
      `what listens at ${url} is not a control listener; the data listener, where applications call, is another port: ` +
        'give the control listener with --control',
    );
  }
  throw new ExplainError(`${url} answered ${response.status}: ${message ?? 'without saying why'}`);
}

async function callControl({ url, token }: ControlAddress, path: string): Promise<Response> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  try {
    return await fetch(url + path, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    throw new ExplainError(
      `no Signalbox answers at ${url} (${reasonOf(error)}); start one with \`signalbox up\`, or give its control ` +
        'listener with --control',
      { cause: error },
    );
  }
}

async function jsonOf(response: Response, url: string): Promise<unknown> {
  try {
    return await response.json();
  } catch (error) {
    throw new ExplainError(
      `what listens at ${url} is not a Signalbox: it answered ${response.status}, not JSON`,
      {
        cause: error,
      },
    );
  }
}

function errorIn(body: unknown): { readonly code?: unknown; readonly message?: unknown } {
  const error = (body as { readonly error?: unknown } | null)?.error;
  return typeof error === 'object' && error !== null ? error : {};
}

/** `fetch` wraps what happened in a "fetch failed". */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`;
  const { cause } = error;
  const code = (cause as { readonly code?: unknown } | undefined)?.code;
  if (typeof code === 'string') return REASONS[code] ?? code;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'no address is known for that host name',
  ECONNRESET: 'the connection was closed',
  UND_ERR_SOCKET: 'the connection was closed',
};
