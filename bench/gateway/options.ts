/** The flags of `npm run bench:gateway`, and what they mean for how long and how much is measured. */

import { parseArgs } from 'node:util';
import { CONTENDER_NAMES, type ContenderName } from './contender.ts';

export const MEASUREMENT_NAMES = ['requests', 'latency', 'streams', 'memory'] as const;
export type MeasurementName = (typeof MEASUREMENT_NAMES)[number];

/** How long and how much is measured. */
export interface Settings {
  readonly isQuick: boolean;
  readonly contenders: readonly ContenderName[];
  readonly measurements: readonly MeasurementName[];
  /** Of one measurement of requests per second, and of streams. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Connections of the load generator, each value measured by itself. */
  readonly concurrency: readonly number[];
  /** Times that every contender is measured at every concurrency, in turn. */
  readonly requestRounds: number;
  readonly latencyRounds: number;
  readonly latencyRequests: number;
  readonly streams: number;
  /** Open streams at the first and at the second reading of the memory. */
  readonly openStreams: readonly [number, number];
  /** Fresh processes of each contender in which that is read. */
  readonly memoryRounds: number;
  readonly settleSeconds: number;
  /** Where the figures are written; absent where they would leave holes in the published ones. */
  readonly json?: string;
}

const FULL = {
  seconds: 3,
  warmUpSeconds: 2,
  concurrency: [8, 64, 256],
  requestRounds: 3,
  latencyRounds: 25,
  latencyRequests: 300,
  streams: 200,
  openStreams: [200, 2_200],
  memoryRounds: 3,
  settleSeconds: 1.5,
} as const;

const QUICK = {
  ...FULL,
  seconds: 1,
  warmUpSeconds: 0.7,
  concurrency: [64],
  requestRounds: 1,
  latencyRounds: 5,
  latencyRequests: 100,
  openStreams: [200, 1_200],
  memoryRounds: 1,
  settleSeconds: 0.5,
} as const;

export const USAGE = `npm run bench:gateway -- [flags]
  --quick              less than a minute, rougher figures
  --only LIST          contenders (${CONTENDER_NAMES.join(', ')}) and measurements (${MEASUREMENT_NAMES.join(', ')}), with commas between
  --seconds N          length of one measurement
  --concurrency LIST   connections of the load generator, with commas between
  --json FILE          where to write the figures; by default bench/results/gateway.json, with --only nowhere
`;

/** Throws an `Error` that says which flag was wrong. */
export function readSettings(args: readonly string[], defaultJson: string): Settings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      seconds: { type: 'string' },
      concurrency: { type: 'string' },
      json: { type: 'string' },
    },
  });
  const base = values.quick ? QUICK : FULL;
  const json = values.json ?? (values.only === undefined ? defaultJson : undefined);
  return {
    ...base,
    ...readOnly(values.only),
    isQuick: values.quick,
    ...(values.seconds !== undefined && { seconds: positive('--seconds', values.seconds) }),
    ...(values.concurrency !== undefined && { concurrency: readConcurrency(values.concurrency) }),
    ...(json !== undefined && { json }),
  };
}

/** Names of one kind leave the other kind whole; what is added to a request is always measured against `direct`. */
function readOnly(list: string | undefined): Pick<Settings, 'contenders' | 'measurements'> {
  const names = list?.split(',').map((name) => name.trim()) ?? [];
  const allowed: readonly string[] = [...CONTENDER_NAMES, ...MEASUREMENT_NAMES];
  const unknown = names.find((name) => !allowed.includes(name));
  if (unknown !== undefined) {
    throw new Error(`--only: found "${unknown}", allowed are ${allowed.join(', ')}`);
  }
  const contenders = CONTENDER_NAMES.filter((name) => names.includes(name));
  const measurements = MEASUREMENT_NAMES.filter((name) => names.includes(name));
  return {
    contenders: contenders.length === 0 ? CONTENDER_NAMES : contenders,
    measurements: measurements.length === 0 ? MEASUREMENT_NAMES : measurements,
  };
}

function readConcurrency(list: string): readonly number[] {
  return list.split(',').map((text) => {
    const value = positive('--concurrency', text);
    if (Number.isInteger(value)) return value;
    throw new Error(`--concurrency: found "${text}", allowed are whole numbers`);
  });
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new Error(`${flag}: found "${text}", allowed is a number above 0`);
}
