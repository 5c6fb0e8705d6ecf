/** From the rows to the figures that are published: each contender's own, and Signalbox' ratios to the others. */

import { CONTENDER_NAMES, type ContenderName } from './contender.ts';
import type { Rows } from './measurements/rows.ts';
import type { Pace } from './rig/answers.ts';
import { difference, median, quantile, ratio, rounded } from './statistics.ts';

/** A figure that was not measured is absent; `Rows.skipped` says why. */
export interface ContenderFigures {
  /** At the concurrency that suits it best: the median of the rounds. */
  readonly requestsPerSecond?: number;
  /** At the concurrency at which a request costs it most: the median of the rounds. */
  readonly cpuMicrosecondsPerRequest?: number;
  /** Share of its core that it used where it answered most requests. */
  readonly coreShare?: number;
  /** Median of the rounds' own p50 and p99, above those of going directly. */
  readonly addedP50Ms?: number;
  readonly addedP99Ms?: number;
  /** With streams as fast as they come through. */
  readonly chunksPerSecond?: number;
  readonly cpuMicrosecondsPerChunk?: number;
  /** With streams at an engine's pace. */
  readonly cpuMicrosecondsPerPacedChunk?: number;
  readonly framesLost?: number;
  readonly streamsAltered?: number;
  readonly bytesPerOpenStream?: number;
}

type Rival = 'haproxy' | 'nginx' | 'portkey';
/** Signalbox' figure divided by the rival's. */
export type Ratios = Readonly<Partial<Record<Rival, number>>>;

export interface Summary {
  readonly ratios: {
    readonly requestsPerSecond: Ratios;
    readonly chunksPerSecond: Ratios;
    readonly cpuPerRequest: Ratios;
    readonly cpuPerChunk: Ratios;
    readonly cpuPerPacedChunk: Ratios;
  };
  /** Signalbox' own. */
  readonly cpuMicrosecondsPerRequest?: number;
  readonly cpuMicrosecondsPerChunk?: number;
  readonly addedMs: { readonly p50?: number; readonly p99?: number };
  readonly bytesPerOpenStream?: number;
  readonly contenders: Readonly<Partial<Record<ContenderName, ContenderFigures>>>;
}

export function summarise(rows: Rows): Summary {
  const contenders = Object.fromEntries(CONTENDER_NAMES.map((name) => [name, figuresOf(name, rows)]));
  const own: ContenderFigures = contenders.signalbox ?? {};
  const ratios = (figure: keyof ContenderFigures): Ratios =>
    Object.fromEntries(
      RIVALS.flatMap((rival) => {
        const value = ratio(own[figure], contenders[rival]?.[figure]);
        return value === undefined ? [] : [[rival, rounded(value)]];
      }),
    );
  return {
    ratios: {
      requestsPerSecond: ratios('requestsPerSecond'),
      chunksPerSecond: ratios('chunksPerSecond'),
      cpuPerRequest: ratios('cpuMicrosecondsPerRequest'),
      cpuPerChunk: ratios('cpuMicrosecondsPerChunk'),
      cpuPerPacedChunk: ratios('cpuMicrosecondsPerPacedChunk'),
    },
    ...defined({
      cpuMicrosecondsPerRequest: own.cpuMicrosecondsPerRequest,
      cpuMicrosecondsPerChunk: own.cpuMicrosecondsPerChunk,
    }),
    addedMs: defined({ p50: own.addedP50Ms, p99: own.addedP99Ms }),
    ...defined({ bytesPerOpenStream: own.bytesPerOpenStream }),
    contenders,
  };
}

const RIVALS: readonly Rival[] = ['haproxy', 'nginx', 'portkey'];

function figuresOf(name: ContenderName, rows: Rows): ContenderFigures {
  return defined({
    ...requestFigures(name, rows),
    ...latencyFigures(name, rows),
    ...streamFigures(name, rows),
    bytesPerOpenStream: median(
      rows.memory.filter(({ contender }) => contender === name).map((row) => row.bytesPerOpenStream),
    ),
  });
}

function requestFigures(name: ContenderName, rows: Rows) {
  const own = rows.requests.filter(({ contender }) => contender === name);
  const byConcurrency = [...Map.groupBy(own, ({ concurrency }) => concurrency).values()].map((rounds) => ({
    perSecond: median(rounds.map(({ requestsPerSecond }) => requestsPerSecond)),
    micros: median(rounds.flatMap(({ cpuMicrosecondsPerRequest }) => cpuMicrosecondsPerRequest ?? [])),
    share: median(rounds.flatMap(({ coreShare }) => coreShare ?? [])),
  }));
  const best = byConcurrency.toSorted((a, b) => (b.perSecond ?? 0) - (a.perSecond ?? 0))[0];
  return {
    requestsPerSecond: best?.perSecond,
    coreShare: best?.share,
    cpuMicrosecondsPerRequest: quantile(
      byConcurrency.flatMap(({ micros }) => micros ?? []),
      1,
    ),
  };
}

function latencyFigures(name: ContenderName, rows: Rows) {
  if (name === 'direct') return {};
  const middle = (of: ContenderName, figure: 'p50Ms' | 'p99Ms') =>
    median(rows.latency.filter(({ contender }) => contender === of).map((row) => row[figure]));
  return {
    addedP50Ms: difference(middle(name, 'p50Ms'), middle('direct', 'p50Ms')),
    addedP99Ms: difference(middle(name, 'p99Ms'), middle('direct', 'p99Ms')),
  };
}

function streamFigures(name: ContenderName, rows: Rows) {
  const own = rows.streams.filter(({ contender }) => contender === name);
  if (own.length === 0) return {};
  const at = (pace: Pace) => own.find((row) => row.pace === pace);
  return {
    chunksPerSecond: at('closed')?.chunksPerSecond,
    cpuMicrosecondsPerChunk: at('closed')?.cpuMicrosecondsPerChunk,
    cpuMicrosecondsPerPacedChunk: at('step')?.cpuMicrosecondsPerChunk,
    framesLost: own.reduce((sum, { framesLost }) => sum + framesLost, 0),
    streamsAltered: own.reduce((sum, { streamsAltered }) => sum + streamsAltered, 0),
  };
}

/** Without the figures that were not measured, the others to the digits that mean something. */
function defined<Name extends string>(
  fields: Readonly<Partial<Record<Name, number | undefined>>>,
): Partial<Record<Name, number>> {
  const measured = Object.entries<number | undefined>(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, rounded(value)]],
  );
  return Object.fromEntries(measured) as Partial<Record<Name, number>>;
}
