/** The paths of the select API, as a table that each server reads. */

import { type ApiAnswer, detail } from './answer.ts';
import type { SelectApi } from './select-api.ts';

/** One call, as a server took it apart. */
export interface RouteCall {
  /** The parts of the path that the pattern names, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: string;
  /** Whether the caller asked, by header, to be told the reason. */
  readonly wantsReason: boolean;
}

export interface SelectRoute {
  readonly method: 'get' | 'post';
  /** `:name` stands for one segment. */
  readonly path: string;
  readonly summary: string;
  /** What the answer is, for the documentation. */
  readonly answers: 'text' | 'json' | 'either';
  /** Another listener has a page of its own under this path. */
  readonly isForOwnListener?: boolean;
  answer(api: SelectApi, call: RouteCall): ApiAnswer;
}

const poolOf = ({ params }: RouteCall) => ({ pool: params.pool ?? '', partition: params.partition ?? '' });

export const SELECT_ROUTES: readonly SelectRoute[] = [
  {
    method: 'post',
    path: '/scheduler/select',
    summary: 'The member for the next request: `ip:port`, or `none`, or `fallback`',
    answers: 'text',
    answer: (api, call) => api.select(call),
  },
  {
    method: 'get',
    path: '/scheduler/pools',
    summary: 'Pools with the age of what is known of them, and why a member is not chosen',
    answers: 'json',
    answer: (api) => api.poolDetails(),
  },
  {
    method: 'get',
    path: '/scheduler/decisions',
    summary: 'The last choices with their candidates, the newest first',
    answers: 'json',
    answer: (api, { query }) => api.decisions(query),
  },
  {
    method: 'get',
    path: '/scheduler/decisions/:id',
    summary: 'One choice with its candidates',
    answers: 'json',
    answer: (api, { params }) => api.decision(params.id ?? ''),
  },
  {
    method: 'get',
    path: '/pools/status',
    summary: 'All pools with their members, scores and metrics',
    answers: 'json',
    answer: (api) => api.allStatus(),
  },
  {
    method: 'get',
    path: '/pools/:pool/:partition/status',
    summary: 'One pool; with `?simple`, one line of text for each member',
    answers: 'either',
    answer: (api, call) => api.poolStatus(poolOf(call), call.query),
  },
  {
    method: 'post',
    path: '/pools/:pool/:partition/simulate',
    summary: 'How often each member is chosen in `iterations` choices',
    answers: 'json',
    answer: (api, call) => api.simulate(poolOf(call), call.query, call.body),
  },
  {
    method: 'post',
    path: '/pools/:pool/:partition/analyze',
    summary: 'How far `iterations` choices are from what the scores promise',
    answers: 'json',
    answer: (api, call) => api.analyze(poolOf(call), call.query, call.body),
  },
  {
    method: 'get',
    path: '/api_key_health',
    summary: 'The state of the API keys that are copied to the load balancer',
    answers: 'json',
    answer: (api) => api.keyHealth(),
  },
  {
    method: 'get',
    path: '/health',
    summary: 'Whether the process answers',
    answers: 'json',
    isForOwnListener: true,
    answer: (api) => api.health(),
  },
];

/** A request to `select` names its members; nobody has so many that they need more than this. */
export const MAX_BODY_BYTES = 256 * 1024;

/** Set to anything by a caller who wants to be told the reason in a header. */
export const EXPLAIN_HEADER = 'x-signalbox-explain';

export function tooLarge(): ApiAnswer {
  return detail(413, `The request body is too large; allowed are ${MAX_BODY_BYTES} bytes`);
}
