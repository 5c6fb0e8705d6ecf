/** A model's size, read from its name: `Llama-3.1-70B-Instruct`, `Mixtral-8x7B`, `Qwen3-30B-A3B`. */

/** Billions of parameters that compute a token, or `undefined` where the name does not tell. */
export function billionParametersOf(model: string): number | undefined {
  const name = model.toLowerCase();
  const active = /(?:^|[^a-z0-9])a(\d+(?:\.\d+)?)b(?![a-z0-9])/.exec(name);
  if (active !== null) return positive(active[1]!);
  const experts = /(?:^|[^a-z0-9])\d+x(\d+(?:\.\d+)?)b(?![a-z0-9])/.exec(name);
  // Mixtral and its like send each token to two experts.
  if (experts !== null) return positive(experts[1]!, 2);
  const whole = /(?:^|[^a-z0-9.])(\d+(?:\.\d+)?)b(?![a-z0-9])/.exec(name);
  return whole === null ? undefined : positive(whole[1]!);
}

function positive(text: string, times = 1): number | undefined {
  const value = Number(text) * times;
  return value > 0 && Number.isFinite(value) ? value : undefined;
}
