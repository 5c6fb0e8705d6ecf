/** One fault as asked for by flag or by request: read, checked, with defaults filled in. */

import type { FaultDefinition, FaultKind } from './catalogue.ts';
import { FAULT_KINDS, FAULTS } from './catalogue.ts';

export interface Fault {
  readonly kind: FaultKind;
  readonly parameters: Readonly<Record<string, number | string>>;
  /** Share of the calls that it strikes. */
  readonly probability: number;
  /** How many calls it strikes before it is over; infinite by default. */
  readonly count: number;
  /** `all` strikes every endpoint but `/__faults`, `/health` included. */
  readonly scope: 'generate' | 'all';
}

/** Thrown for a fault that cannot be; says what can. */
export class FaultError extends Error {
  override readonly name = 'FaultError';
}

/** A fault from loosely typed fields, as in a JSON body: `{ kind: 'reset', tokens: 5, probability: 0.1 }`. */
export function faultOf(fields: Readonly<Record<string, unknown>>): Fault {
  const { kind, probability = 1, count = Infinity, scope = 'generate', ...rest } = fields;
  if (!isFaultKind(kind)) {
    throw new FaultError(`unknown fault ${JSON.stringify(kind)}; allowed: ${FAULT_KINDS.join(', ')}`);
  }
  const definition: FaultDefinition = FAULTS[kind];
  if (scope !== 'generate' && scope !== 'all') {
    throw new FaultError(`'scope' of fault ${kind} is ${JSON.stringify(scope)}; allowed: generate, all`);
  }
  if (definition.target === 'engine' && (probability !== 1 || count !== Infinity)) {
    throw new FaultError(
      `fault ${kind} strikes the whole engine: it takes neither 'probability' nor 'count'`,
    );
  }
  return Object.freeze({
    kind,
    parameters: parametersOf(kind, definition, rest),
    probability: checked(kind, 'probability', probability, 0, 1),
    count: checked(kind, 'count', count, 1, Infinity),
    scope,
  });
}

/** A fault from a flag: `500`, `slow:3`, `reset:tokens=5,probability=0.1`. */
export function parseFault(text: string): Fault {
  const colon = text.indexOf(':');
  const kind = colon < 0 ? text : text.slice(0, colon);
  const fields: Record<string, unknown> = { kind };
  if (colon < 0 || !isFaultKind(kind)) return faultOf(fields);
  for (const part of text.slice(colon + 1).split(',')) {
    const equals = part.indexOf('=');
    const name =
      equals < 0 || part.includes('://') ? Object.keys(FAULTS[kind].parameters)[0] : part.slice(0, equals);
    if (name === undefined) throw new FaultError(`fault ${kind} takes no parameter; found '${part}'`);
    const value = part.slice(part.startsWith(`${name}=`) ? equals + 1 : 0);
    fields[name] = value !== '' && Number.isFinite(Number(value)) ? Number(value) : value;
  }
  return faultOf(fields);
}

function parametersOf(kind: FaultKind, definition: FaultDefinition, given: Record<string, unknown>) {
  const parameters: Record<string, number | string> = {};
  for (const [name, parameter] of Object.entries(definition.parameters)) {
    const value = given[name] ?? parameter.default;
    if (typeof parameter.default === 'number') {
      parameters[name] = checked(kind, name, value, parameter.min ?? -Infinity, parameter.max ?? Infinity);
    } else if (typeof value === 'string') parameters[name] = value;
    else throw new FaultError(`'${name}' of fault ${kind} is ${JSON.stringify(value)}; a text is allowed`);
  }
  const unknown = Object.keys(given).find((name) => !(name in definition.parameters));
  if (unknown === undefined) return Object.freeze(parameters);
  const allowed = [...Object.keys(definition.parameters), 'probability', 'count', 'scope'];
  throw new FaultError(`fault ${kind} has no parameter '${unknown}'; allowed: ${allowed.join(', ')}`);
}

function checked(kind: FaultKind, name: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && value >= min && value <= max) return value;
  throw new FaultError(`'${name}' of fault ${kind} is ${JSON.stringify(value)}; ${min} to ${max} is allowed`);
}

function isFaultKind(kind: unknown): kind is FaultKind {
  return FAULT_KINDS.some((known) => known === kind);
}
