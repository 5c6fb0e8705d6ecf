/** Addresses of an engine's pages, from the base URL that people write in many ways. */

/**
 * The base URL without a trailing slash and without the API's `/v1`, which people copy from their client's settings.
 * @throws TypeError when it is no http(s) URL
 */
export function normaliseBaseUrl(text: string): string {
  const url = parseHttpUrl(text);
  url.hash = '';
  url.search = '';
  url.pathname = url.pathname.replace(/\/+$/, '').replace(/\/v1$/, '');
  return url.href.replace(/\/$/, '');
}

/** The URL of `path` below `baseUrl`, on another port when one is given. */
export function pageUrl(baseUrl: string, path: string, port?: number): string {
  const url = parseHttpUrl(baseUrl);
  if (port !== undefined) url.port = String(port);
  return `${url.href.replace(/\/+$/, '')}${path.startsWith('/') ? '' : '/'}${path}`;
}

function parseHttpUrl(text: string): URL {
  const url = URL.parse(text);
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  throw new TypeError(`"${text}" is not an address of an engine; an example of one is http://10.0.0.5:8000`);
}
