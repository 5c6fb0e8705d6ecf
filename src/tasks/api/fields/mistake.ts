/** What is wrong with a request, in the shape that clients of the existing scheduler read: FastAPI's 422. */

export interface Mistake {
  /** pydantic's name of the rule that was broken. */
  readonly type: string;
  /** Where: `['body', 'tasks', 3, 'task_input']`. */
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  /** What was found there; where something is missing, what it should be in. */
  readonly input: unknown;
  readonly ctx?: Readonly<Record<string, unknown>>;
}

/** A long input is not sent back: the caller has it, and an answer should stay an answer. */
const LONGEST_INPUT = 2_000;

export function mistake(
  type: string,
  loc: Mistake['loc'],
  msg: string,
  input: unknown,
  ctx?: Mistake['ctx'],
): Mistake {
  return { type, loc, msg, input: shown(input), ...(ctx !== undefined && { ctx }) };
}

function shown(input: unknown): unknown {
  if (input === undefined) return null;
  if (typeof input !== 'object' && typeof input !== 'string') return input;
  const text = JSON.stringify(input);
  return text.length <= LONGEST_INPUT
    ? input
    : `${text.slice(0, LONGEST_INPUT)}… (${text.length} characters)`;
}
