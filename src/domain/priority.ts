/** How important a request is, from the scheduling guides' five classes. */

/** The classes, most important first; a class's index is its rank. */
export const REQUEST_PRIORITIES = ['CRITICAL', 'HIGH', 'NORMAL', 'LOW', 'BACKGROUND'] as const;

export type RequestPriority = (typeof REQUEST_PRIORITIES)[number];

const RANKS: Readonly<Record<RequestPriority, number>> = {
  CRITICAL: 0,
  HIGH: 1,
  NORMAL: 2,
  LOW: 3,
  BACKGROUND: 4,
};

/** 0 for `CRITICAL` up to 4 for `BACKGROUND`: the lower, the sooner. */
export function priorityRank(priority: RequestPriority): number {
  return RANKS[priority];
}

/** The class a caller named in any case (`high`, `HIGH`), or `undefined` when there is none of that name. */
export function parsePriority(text: string): RequestPriority | undefined {
  const upper = text.trim().toUpperCase();
  return REQUEST_PRIORITIES.find((priority) => priority === upper);
}

/** The less important of two classes: what a caller gets who asks for more than their key may have. */
export function lowerPriority(a: RequestPriority, b: RequestPriority): RequestPriority {
  return RANKS[a] >= RANKS[b] ? a : b;
}
