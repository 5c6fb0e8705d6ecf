/** Parameters of policies, filters, scorers and pickers: declared as a table, read with errors that say what is allowed. */

interface Described {
  /** What it does, for the documentation. */
  readonly describe: string;
}

export interface NumberParameter extends Described {
  readonly type: 'number';
  readonly default: number;
  readonly min?: number;
  readonly max?: number;
}

export interface BooleanParameter extends Described {
  readonly type: 'boolean';
  readonly default: boolean;
}

export interface TextParameter extends Described {
  readonly type: 'text';
  readonly default: string;
  /** When only these are allowed. */
  readonly oneOf?: readonly string[];
}

/** Names and texts, as in labels: `{ zone: 'eu' }`. */
export interface MapParameter extends Described {
  readonly type: 'map';
  readonly default: Readonly<Record<string, string>>;
}

export type ParameterSpec = NumberParameter | BooleanParameter | TextParameter | MapParameter;
export type ParameterSpecs = Readonly<Record<string, ParameterSpec>>;

type ValueOf<Spec extends ParameterSpec> = Spec extends NumberParameter
  ? number
  : Spec extends BooleanParameter
    ? boolean
    : Spec extends TextParameter
      ? string
      : Readonly<Record<string, string>>;

export type ParametersOf<Specs extends ParameterSpecs> = {
  readonly [Name in keyof Specs]: ValueOf<Specs[Name]>;
};

/** As the configuration writes them, not yet checked. */
export type GivenParameters = Readonly<Record<string, unknown>>;

/**
 * The values for `specs`, defaults filled in.
 * @param owner whose they are, for messages: `scorer "load"`
 * @throws RangeError naming the parameter, what was found and what is allowed
 */
export function readParameters<const Specs extends ParameterSpecs>(
  owner: string,
  specs: Specs,
  given: GivenParameters = {},
): ParametersOf<Specs> {
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(specs, name)) continue;
    const known = Object.keys(specs).join(', ') || 'none';
    throw new RangeError(`${owner}: unknown parameter "${name}", allowed are ${known}`);
  }
  const values = Object.entries(specs).map(([name, spec]) => {
    const value = given[name] ?? spec.default;
    const allowed = whatIsAllowed(spec, value);
    if (allowed === undefined) return [name, value];
    throw new RangeError(`${owner}: ${name} must be ${allowed}, found ${JSON.stringify(value)}`);
  });
  return Object.fromEntries(values) as ParametersOf<Specs>;
}

/** What is allowed, in words, when `value` is not; `undefined` when it is. */
function whatIsAllowed(spec: ParameterSpec, value: unknown): string | undefined {
  switch (spec.type) {
    case 'number': {
      const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = spec;
      const isFine = typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max;
      return isFine ? undefined : `a number${rangeInWords(spec)}`;
    }
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'true or false';
    case 'text': {
      if (typeof value !== 'string') return 'text';
      return spec.oneOf === undefined || spec.oneOf.includes(value)
        ? undefined
        : `one of ${spec.oneOf.join(', ')}`;
    }
    case 'map': {
      const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
      return isMap && Object.values(value).every((text) => typeof text === 'string')
        ? undefined
        : 'names with texts';
    }
    default:
      return spec satisfies never;
  }
}

function rangeInWords({ min, max }: NumberParameter): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? '' : ` of at most ${max}`;
}
