/** Shapes that vLLM and SGLang share because both are FastAPI applications. */

const TYPES: Readonly<Record<number, string>> = {
  400: 'BadRequestError',
  404: 'NotFoundError',
  413: 'RequestEntityTooLargeError',
  415: 'UnsupportedMediaTypeError',
  429: 'RateLimitError',
  500: 'InternalServerError',
  503: 'ServiceUnavailableError',
};

/** The class name that stands as an error's `type`. */
export function errorTypeOf(status: number): string {
  return TYPES[status] ?? (status < 500 ? 'BadRequestError' : 'InternalServerError');
}

export function unroutedDetail(status: 404 | 405): unknown {
  return { detail: status === 404 ? 'Not Found' : 'Method Not Allowed' };
}
