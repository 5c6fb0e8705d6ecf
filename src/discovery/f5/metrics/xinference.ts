/** What an XInference cluster says of its models, and of who may use them. */

/** Per model the share of its capacity in use, or in words why it cannot be told. */
export type ModelFigures =
  | { readonly ok: true; readonly utilisation: ReadonlyMap<string, number> }
  | { readonly ok: false; readonly message: string };

export function readModelFigures(text: string): ModelFigures {
  const records = recordsOf(text, 'model_metrics');
  if (typeof records === 'string') return { ok: false, message: records };
  const utilisation = new Map<string, number>();
  for (const record of records) {
    const { model_id: model, throughput_utilization: share } = record;
    const value = asNumber(share);
    if (typeof model === 'string' && model !== '' && value !== undefined) {
      utilisation.set(model, Math.max(0, Math.min(1, value)));
    }
  }
  return { ok: true, utilisation };
}

/** Per model the API keys that may use it, each once and sorted; in words why they cannot be told. */
export type ModelKeys =
  | { readonly ok: true; readonly keys: ReadonlyMap<string, readonly string[]> }
  | { readonly ok: false; readonly message: string };

export function readModelKeys(text: string): ModelKeys {
  const records = recordsOf(text, 'authorization_records');
  if (typeof records === 'string') return { ok: false, message: records };
  const keys = new Map<string, Set<string>>();
  for (const record of records) {
    const { api_key: key } = record;
    // The interface's own description writes the name with a colon at its end.
    const models = record.model_ids ?? record['model_ids:'];
    if (typeof key !== 'string' || key === '' || !Array.isArray(models)) continue;
    for (const model of models as readonly unknown[]) {
      if (typeof model !== 'string' || model === '') continue;
      const known = keys.get(model) ?? new Set<string>();
      keys.set(model, known.add(key));
    }
  }
  return { ok: true, keys: new Map([...keys].map(([model, found]) => [model, [...found].sort()])) };
}

type JsonObject = Readonly<Record<string, unknown>>;

/** The list under `data`, without what is no object; or what is wrong with the answer. */
function recordsOf(text: string, name: string): readonly JsonObject[] | string {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return 'the answer is not JSON';
  }
  if (!isObject(answer)) return 'the answer is not a JSON object';
  if (answer.code !== 200) return `the answer says code ${JSON.stringify(answer.code)}`;
  const data = answer.data ?? {};
  if (!isObject(data)) return 'data is not an object';
  const records = data[name] ?? [];
  return Array.isArray(records) ? records.filter(isObject) : `data.${name} is not a list`;
}

function asNumber(value: unknown): number | undefined {
  if (typeof value === 'boolean') return Number(value);
  const isNumeric = typeof value === 'number' || (typeof value === 'string' && value.trim() !== '');
  return isNumeric && Number.isFinite(Number(value)) ? Number(value) : undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
