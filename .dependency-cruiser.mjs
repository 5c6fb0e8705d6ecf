/** Which rooms of `src/` may look into which: downwards only, never in a circle (ARCHITECTURE.md, "The rooms"). */

const floors = {
  1: ['domain'],
  2: ['queueing', 'routing', 'prediction', 'scaling', 'pipeline', 'enginemodel'],
  3: ['scheduler'],
  4: ['engines', 'discovery', 'telemetry', 'config', 'predictors'],
  5: ['gateway', 'sideband', 'tasks', 'chains', 'admin', 'simulator', 'testing', 'client'],
  6: ['cli'],
};

const roomsOn = (...numbers) => numbers.flatMap((number) => floors[number]);

/** The rooms that each room may import, besides itself. */
const allowed = {
  domain: [],
  queueing: roomsOn(1),
  routing: roomsOn(1),
  prediction: roomsOn(1),
  scaling: roomsOn(1),
  pipeline: roomsOn(1),
  enginemodel: roomsOn(1),
  scheduler: roomsOn(1, 2),
  engines: roomsOn(1, 2),
  discovery: [...roomsOn(1, 2), 'engines'],
  telemetry: roomsOn(1, 2, 3),
  config: roomsOn(1, 2),
  predictors: roomsOn(1, 2),
  gateway: roomsOn(1, 2, 3, 4),
  sideband: roomsOn(1, 2, 3, 4),
  tasks: roomsOn(1, 2, 3, 4),
  chains: roomsOn(1, 2, 3, 4),
  admin: roomsOn(1, 2, 3, 4),
  simulator: roomsOn(1, 2, 3),
  testing: roomsOn(1, 2, 3),
  client: [],
  cli: roomsOn(1, 2, 3, 4, 5),
};

const test = '\\.test\\.ts$|/__fixtures__/';

export default {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-unresolved',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^node-llama-cpp$' },
    },
    ...Object.entries(allowed).map(([room, below]) => ({
      name: `room-${room}`,
      comment: `src/${room} may use: ${below.join(', ') || 'nothing'}`,
      severity: 'error',
      from: { path: `^src/${room}/`, pathNot: test },
      to: { path: '^src/', pathNot: `^src/(${[room, ...below].join('|')})/` },
    })),
    {
      name: 'pure-floors',
      comment: 'Floors 1 to 3 are pure: no I/O, no timers, no packages that do any.',
      severity: 'error',
      from: { path: `^src/(${roomsOn(1, 2, 3).join('|')})/`, pathNot: test },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer'] },
    },
    {
      name: 'no-dev-packages',
      comment:
        'What ships may not need a development dependency (node-llama-cpp and what sends traces are optional peers).',
      severity: 'error',
      from: { path: '^src/', pathNot: test },
      to: {
        dependencyTypes: ['npm-dev'],
        pathNot:
          'node_modules/(node-llama-cpp|@types|@opentelemetry/(sdk-trace|resources|exporter-trace-otlp-http))',
      },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
