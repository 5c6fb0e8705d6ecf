/** Asks an address for several pages at once. */

import { authorizationHeaders, type PageAuthorization } from '../pages/authorization.ts';
import type { PageClient, PageOutcome } from '../pages/page-client.ts';
import { pageUrl } from '../pages/urls.ts';
import { type Answers, createAnswers } from './answers.ts';

export interface AskOptions {
  readonly client: PageClient;
  readonly authorization?: PageAuthorization;
  /** For each page; the default is 2 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Listings and metrics pages are far smaller; what is larger is none of them. */
const MAX_PAGE_BYTES = 4 * 1024 * 1024;

export async function askPages(
  baseUrl: string,
  paths: Iterable<string>,
  options: AskOptions,
): Promise<Answers> {
  const distinct = [...new Set(paths)];
  const outcomes = await Promise.all(
    distinct.map(
      (path): Promise<PageOutcome> =>
        options.client.get({
          url: pageUrl(baseUrl, path),
          timeoutMs: options.timeoutMs ?? 2000,
          maxBytes: MAX_PAGE_BYTES,
          headers: authorizationHeaders(options.authorization),
          ...(options.signal && { signal: options.signal }),
        }),
    ),
  );
  return createAnswers(new Map(distinct.map((path, index) => [path, outcomes[index]!])));
}
