/** Requests to the simulated engines, of a length that is known. */

export const MODEL = 'llama-3-8b';

/** Takes about 7 ms a token on an engine that runs at the speed of the real one. */
export function ofTokens(tokens: number, fields: object = {}): object {
  return { model: MODEL, max_tokens: tokens, ignore_eos: true, ...fields };
}

export function streamOf(tokens: number): object {
  return ofTokens(tokens, { stream: true });
}
