import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_PRESET, findPreset, PRESET_NAMES, STANDARD_FILTERS } from '../routing/index.ts';
import { placeholder as V } from './__fixtures__/placeholder.ts';
import type { Config } from './config.ts';
import { BUILT_IN_NAMES } from './names.ts';
import { type ParseOptions, parseConfig } from './parse-config.ts';

function configOf(source: string, options?: ParseOptions): Config {
  const result = parseConfig(source, options);
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('\n'));
  return result.config;
}

const warningsOf = (source: string, options?: ParseOptions) =>
  parseConfig(source, options).warnings.map(({ line, message }) => `${line} ${message}`);

const DEFAULTS: Omit<Config, 'routing'> = {
  listeners: {
    data: { host: '127.0.0.1', port: 8080, open: false },
    control: { host: '127.0.0.1', port: 8081, insecure: false },
  },
  instances: [],
  models: {},
  aliases: {},
  queue: {
    maxRequests: 10_000,
    maxTokens: 50_000_000,
    maxBytes: 1024 ** 3,
    sheddableFrom: 'LOW',
    noInstanceWaitMs: 10_000,
  },
  policy: { name: 'signalbox', parameters: {} },
  prediction: {
    predictor: 'online',
    lookup: {},
    external: { timeoutMs: 500, refreshMs: 1_000, maxAgeMs: 10_000, maxConcurrency: 16, maxAnswers: 10_000 },
  },
  tasks: {
    enabled: true,
    store: { type: 'directory', directory: 'signalbox-tasks', isDefault: true },
    strategy: 'shortest_queue',
    maxInFlightPerInstance: 32,
    maxInstanceShare: 0.8,
    defaultPriority: 'BACKGROUND',
    maxPriority: 'LOW',
    maxRetries: 3,
    retryBaseMs: 1_000,
    retryMaxMs: 60_000,
    timeoutMs: 3_600_000,
    keepResultMs: 604_800_000,
    maxResultBytes: 32 * 1024 * 1024,
    maxFileBytes: 100 * 1024 * 1024,
    submitTimeoutMs: 30_000,
    instanceCheckIntervalMs: 5_000,
    instanceLostAfterMs: 30_000,
    heartbeatMs: 15_000,
    retention: { maxFinishedTasks: 1_000_000, maxFinishedAgeMs: 2_592_000_000, intervalMs: 60_000 },
    registration: {
      allowedCidrs: [
        '127.0.0.0/8',
        '::1/128',
        '10.0.0.0/8',
        '172.16.0.0/12',
        '192.168.0.0/16',
        '100.64.0.0/10',
        'fc00::/7',
      ],
      allowedPorts: ['1024-65535'],
      timeoutMs: 5_000,
    },
    webhooks: {
      timeoutMs: 10_000,
      maxTries: 12,
      retryBaseMs: 5_000,
      retryMaxMs: 3_600_000,
      maxConcurrency: 16,
      allowsPublicAddresses: true,
      allowedCidrs: [],
      allowedPorts: ['1-65535'],
    },
  },
  retries: { maxRetries: 2, budgetShare: 0.2 },
  health: {
    active: {
      enabled: true,
      intervalMs: 5_000,
      startIntervalMs: 500,
      timeoutMs: 2_000,
      unhealthyAfter: 2,
      healthyAfter: 1,
    },
    passive: { consecutiveFailures: 3 },
    ejection: { baseMs: 5_000, maxMs: 300_000 },
  },
  scrape: {
    enabled: true,
    intervalMs: 1_000,
    jitterShare: 0.1,
    timeoutMs: 1_000,
    staleAfterIntervals: 3,
    maxBytes: 4_194_304,
  },
  upstream: {
    connectTimeoutMs: 5_000,
    keepAliveTimeoutMs: 4_000,
    firstByteTimeoutMs: 600_000,
    idleTimeoutMs: 120_000,
    pushBackMs: 1_000,
    retriedStatuses: [502, 503, 504],
    forwardsCredentials: false,
  },
  limits: {
    maxBodyBytes: 33_554_432,
    maxHeaderBytes: 16_384,
    headTimeoutMs: 30_000,
    bodyIdleTimeoutMs: 30_000,
    bodyTimeoutMs: 300_000,
    writeIdleTimeoutMs: 60_000,
    keepAliveTimeoutMs: 75_000,
    commentIntervalMs: 10_000,
  },
  tokenEstimate: { bytesPerToken: 4, tokensPerAttachment: 576 },
  shutdown: { graceMs: 30_000 },
  logging: { level: 'info', format: 'auto' },
  auth: { keys: {} },
  hints: { trustHeaders: true, trustUserHeader: true, reasonHeader: 'on-request' },
  decisions: { keep: 1_000 },
  reload: { enabled: true, pollMs: 1_000 },
  telemetry: { tracing: { sampleShare: 1, serviceName: 'signalbox' } },
};

describe('an empty file', () => {
  it('is the default configuration', () => {
    expect(configOf('')).toEqual({ ...DEFAULTS, routing: findPreset(DEFAULT_PRESET) });
  });

  it.each(['# nothing\n', '{}', 'queue:\n', '---\n', 'null'])('is the same as %j', (source) => {
    expect(configOf(source)).toEqual(configOf(''));
  });

  it('warns that there are no instances', () => {
    expect(warningsOf('')).toEqual(['1 no instances are configured']);
  });
});

describe('a configuration', () => {
  it('is frozen all through', () => {
    const config = configOf('instances: [{url: "http://a", labels: {zone: x}}]');
    const areFrozen = (value: unknown): boolean =>
      value === null ||
      typeof value !== 'object' ||
      (Object.isFrozen(value) && Object.values(value).every(areFrozen));
    expect(areFrozen(config)).toBe(true);
  });

  it('keeps what the file says, and the defaults around it', () => {
    const config = configOf('queue: {maxRequests: 5}\nhealth: {active: {path: /ping}}\nseed: 7');
    expect(config.queue).toMatchObject({ maxRequests: 5, maxTokens: 50_000_000, noInstanceWaitMs: 10_000 });
    expect(config.health.active).toMatchObject({ path: '/ping', intervalMs: 5_000 });
    expect(config.seed).toBe(7);
  });

  it('shows no secret when it is logged or serialised', () => {
    const source = `listeners: {control: {token: hunter2}}
instances: [{url: "http://a", apiKey: hunter3}]`;
    const config = configOf(source);
    expect(JSON.stringify(config)).not.toContain('hunter');
    expect(config.listeners.control.token?.reveal()).toBe('hunter2');
  });
});

describe('a policy', () => {
  it.each([
    ['by name', 'policy: fifo', { name: 'fifo', parameters: {} }],
    [
      'with parameters',
      'policy: {name: priority, parameters: {agingMs: 5}}',
      { name: 'priority', parameters: { agingMs: 5 } },
    ],
    [
      'with parameters of the default',
      'policy: {parameters: {lateShare: 0.2}}',
      { name: 'signalbox', parameters: { lateShare: 0.2 } },
    ],
    ['in a file', 'policy: ./mine.ts', { name: './mine.ts', file: './mine.ts', parameters: {} }],
  ])('%s', (_what, source, policy) => {
    expect(configOf(source).policy).toEqual(policy);
  });

  it('that does not know a parameter says which it knows', () => {
    const source = 'instances: [{url: "http://a"}]\npolicy: {name: fifo, parameters: {agingMs: 5}}';
    const result = parseConfig(source);
    expect(result.ok ? [] : result.problems.map(({ message }) => message)).toEqual([
      'policy "fifo": unknown parameter "agingMs", allowed are none',
    ]);
  });

  it.each([
    [
      'routing: {scorers: [{name: load, parameters: {x: 1}}]}',
      'scorer "load": unknown parameter "x", allowed are none',
    ],
    [
      'routing: {picker: {name: softmax, parameters: {temperature: hot}}}',
      'picker "softmax": temperature must be a number',
    ],
  ])('a part of a profile that is given a wrong parameter says so: %s', (source, message) => {
    const result = parseConfig(source);
    expect(result.ok ? '' : result.problems[0]!.message).toContain(message);
  });
});

describe('routing', () => {
  it.each(PRESET_NAMES)('by the preset %s is the profile of that name', (name) => {
    expect(configOf(`routing: ${name}`).routing).toEqual(findPreset(name));
  });

  it('written out is a profile of its own, with defaults for what it leaves out', () => {
    expect(configOf('routing: {scorers: [{name: load}]}').routing).toEqual({
      name: 'custom',
      filters: STANDARD_FILTERS,
      scorers: [{ name: 'load', weight: 1 }],
      picker: 'best',
    });
  });

  it('takes what is written over every default', () => {
    const source = 'routing: {filters: [health], scorers: [{name: load, weight: 3}], picker: random}';
    expect(configOf(source).routing).toEqual({
      name: 'custom',
      filters: ['health'],
      scorers: [{ name: 'load', weight: 3 }],
      picker: 'random',
    });
  });

  it('knows the names that it is told of, and no others', () => {
    const names = { ...BUILT_IN_NAMES, scorers: ['mine'] };
    expect(configOf('routing: {scorers: [{name: mine}]}', { names }).routing.scorers).toHaveLength(1);
    expect(parseConfig('routing: {scorers: [{name: load}]}', { names }).ok).toBe(false);
  });
});

describe('API keys', () => {
  const sha256 = 'AB'.repeat(32);

  it('belong to a tenant of their own name unless another is given, and may ask for everything', () => {
    const { keys } = configOf(`auth: {keys: {ann: {sha256: ${sha256}}}}`).auth;
    expect(keys).toEqual({ ann: { sha256: sha256.toLowerCase(), tenant: 'ann', maxPriority: 'CRITICAL' } });
  });

  it('can be bound to models and a class', () => {
    const source = `auth: {keys: {ann: {sha256: ${sha256}, tenant: t, models: [m], maxPriority: LOW}}}`;
    expect(configOf(source).auth.keys.ann).toMatchObject({ tenant: 't', models: ['m'], maxPriority: 'LOW' });
  });

  it('warn of models that no instance serves', () => {
    const source = `instances: [{simulate: llama-3-8b@h100}]
auth: {keys: {ann: {sha256: ${sha256}, models: [llama-3-8]}}}
models: {lama-3-8b: {priority: LOW}}`;
    expect(warningsOf(source)).toEqual([
      '2 no instance serves the model "llama-3-8"',
      '3 no instance serves the model "lama-3-8b"',
    ]);
  });
});

describe('variables', () => {
  it('can stand for numbers and truth values, quoted or not', () => {
    const source = `listeners: {data: {port: "${V('PORT')}"}}\nscrape:\n  enabled: ${V('SCRAPE:-false')}\nretries:\n  budgetShare: ${V('SHARE')}`;
    const config = configOf(source, { env: { PORT: '9000', SHARE: '0.5' } });
    expect(config.listeners.data.port).toBe(9000);
    expect(config.scrape.enabled).toBe(false);
    expect(config.retries.budgetShare).toBe(0.5);
  });

  it('stay texts where a text is wanted', () => {
    const config = configOf(`listeners:\n  control:\n    token: ${V('TOKEN')}`, { env: { TOKEN: '12345' } });
    expect(config.listeners.control.token?.reveal()).toBe('12345');
  });

  it('of the process are not looked at unless they are handed in', () => {
    const result = parseConfig(`seed: ${V('PATH')}`);
    expect(result).toMatchObject({ ok: false, problems: [{ path: 'seed' }] });
  });
});

describe('what the command line says', () => {
  it('wins over the file, and its instances come after those of the file', () => {
    const source = 'listeners: {data: {port: 1}}\ninstances: [{url: "http://a"}]';
    const overrides = { listeners: { data: { port: 2, open: true } }, instances: [{ url: 'http://b' }] };
    const config = configOf(source, { overrides });
    expect(config.listeners.data).toEqual({ host: '0.0.0.0', port: 2, open: true });
    expect(config.instances.map(({ id }) => id)).toEqual(['a', 'b']);
  });

  it('is checked like the file', () => {
    const result = parseConfig('', { overrides: { instances: [{ url: 'b' }] } });
    expect(result).toMatchObject({ ok: false, problems: [{ path: 'instances[0].url', line: 1, column: 1 }] });
  });
});

describe('any text whatever', () => {
  /** Texts that get further than noise: keys of the schema, and YAML's own signs. */
  const pieces = fc.constantFrom(
    ...[
      'listeners',
      'data',
      'port',
      'instances',
      'url',
      'http://a',
      'aliases',
      'models',
      'auth',
      'keys',
      'sha256',
    ],
    ...[
      'simulate',
      'count',
      'scrape',
      'auth',
      'basic',
      'routing',
      'scorers',
      'name',
      'weight',
      'policy',
      '8080',
    ],
    ...[
      ': ',
      '\n',
      '\n  ',
      '\n- ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      ', ',
      '"',
      "'",
      '&a ',
      '*a',
      '<<',
      '#',
      '|',
      '>',
      '!!',
    ],
    ...[
      '${',
      '}',
      V('A'),
      V('A:-b'),
      'true',
      'null',
      '~',
      '1e999',
      '-1',
      '\t',
      '\u0000',
      '\uD800',
      '%',
      '---',
      '...',
    ],
  );
  const yamlish = fc.array(pieces, { maxLength: 40 }).map((some) => some.join(''));

  it.each([
    ['noise', fc.string({ unit: 'binary', maxLength: 200 })],
    ['pieces of YAML', yamlish],
    ['JSON', fc.json()],
  ])('made of %s gives a configuration or problems with a place, and never throws', (_what, texts) => {
    fc.assert(
      fc.property(texts, (text) => {
        const result = parseConfig(text, { env: { A: '1' } });
        if (result.ok) return Object.isFrozen(result.config);
        const lines = text.split(/\r\n|\n|\r/).length;
        return (
          result.problems.length > 0 &&
          result.problems.every(
            ({ line, column, message }) => line >= 1 && line <= lines && column >= 1 && message !== '',
          )
        );
      }),
      { numRuns: 100 },
    );
  });

  it('that is a valid configuration says the same whenever it is read', () => {
    const ports = fc.integer({ min: 0, max: 65_535 });
    fc.assert(
      fc.property(ports, ports, fc.integer({ min: 0, max: 1_000_000 }), (data, control, maxRequests) => {
        fc.pre(data !== control || data === 0);
        const source = JSON.stringify({
          listeners: { data: { port: data }, control: { port: control } },
          queue: { maxRequests },
        });
        const config = configOf(source);
        expect(config).toEqual(configOf(source));
        expect(config.listeners.data.port).toBe(data);
        expect(config.listeners.control.port).toBe(control);
        expect(config.queue.maxRequests).toBe(maxRequests);
      }),
      { numRuns: 30 },
    );
  });
});

describe('the select API', () => {
  const problemsOf = (source: string) => {
    const result = parseConfig(source);
    return (result.ok ? result.warnings : result.problems).map(({ message }) => message);
  };

  it('is configured by a file or in place, and needs no instances', () => {
    expect(configOf('f5: {file: ./f5.yaml}').f5).toEqual({ file: './f5.yaml', listener: 'own' });
    expect(configOf('f5: {settings: {pools: []}, listener: control}').f5).toEqual({
      settings: { pools: [] },
      listener: 'control',
    });
    expect(problemsOf('f5: {file: ./f5.yaml}')).toEqual([]);
  });

  it.each([
    ['f5: {file: a, settings: {}}', 'f5.file and f5.settings are both given; one of them is allowed'],
    ['f5: {listener: own}', 'f5 has neither file nor settings, so there is no select API'],
  ])('%s is said to be wrong', (source, message) => {
    expect(problemsOf(source)).toContain(message);
  });
});

describe('a prediction', () => {
  it.each([
    [
      'prediction: {predictor: lookup}',
      'prediction.lookup.file is missing, and prediction.predictor is lookup',
    ],
    [
      'prediction: {predictor: external}',
      'prediction.external.url is missing, and prediction.predictor is external',
    ],
    ['prediction: {lookup: {file: times.xml}}', 'a path that ends with .json or .csv'],
    ['prediction: {external: {url: "ftp://x"}}', 'an http:// or https:// address'],
  ])('that lacks what it needs says so: %s', (source, message) => {
    const result = parseConfig(source);
    const [problem] = result.ok ? [] : result.problems;
    expect(`${problem?.message} ${problem?.allowed}`).toContain(message);
  });

  it('keeps the service’s token to itself', () => {
    const source = 'prediction: {predictor: external, external: {url: "http://p:1", token_env: TOKEN}}';
    const result = parseConfig(source, { env: { TOKEN: 'hush' } });
    const token = result.ok ? result.config.prediction.external.token : undefined;
    expect(token?.reveal()).toBe('hush');
    expect(JSON.stringify(result)).not.toContain('hush');
  });
});
