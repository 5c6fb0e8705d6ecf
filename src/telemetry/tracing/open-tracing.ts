/** Sends spans to a collector over OTLP/HTTP: joins OpenTelemetry's SDK, whose packages are optional, behind `Spans`. */

import { createSpans, SpanIds, type Spans } from './spans.ts';

export interface TracingOptions {
  /** Of the collector; without a path, `/v1/traces` is added. */
  readonly otlpUrl: string;
  /** Of the traces that begin here; one that a caller began is sampled as that caller says. */
  readonly sampleShare: number;
  readonly serviceName: string;
  readonly version: string;
  /** Whether spans can be sent, told when it changes. */
  readonly onNews?: (news: { readonly isSending: boolean; readonly reason?: string }) => void;
}

export interface OpenTracing {
  readonly spans: Spans;
  /** Sends what is left, if the collector takes it soon. */
  close(): Promise<void>;
}

/** Why traces cannot be sent, in words for the person who switched them on. */
export class TracingError extends Error {
  override readonly name = 'TracingError';
}

export const TRACING_PACKAGES = [
  '@opentelemetry/sdk-trace',
  '@opentelemetry/resources',
  '@opentelemetry/exporter-trace-otlp-http',
] as const;

const INSTALL_HINT =
  'Traces need optional packages that are not all installed. Install them next to signalbox: npm install ' +
  '@opentelemetry/sdk-trace@^3.1.0 @opentelemetry/resources@^3.1.0 @opentelemetry/exporter-trace-otlp-http@^0.301.0';

/** Of one batch, with its repetitions. */
const EXPORT_MS = 5_000;
/** A collector that is gone does not hold up the end. */
const CLOSE_MS = 2_000;

const importPackages = async () => {
  const [sdk, resources, exporter] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  return { ...sdk, ...resources, ...exporter };
};
type Packages = Awaited<ReturnType<typeof importPackages>>;

/**
 * @param importAll how to import the packages, whose types no declaration of ours may need
 * @throws TracingError when one is missing
 */
export async function openTracing(
  options: TracingOptions,
  importAll: () => Promise<unknown> = importPackages,
): Promise<OpenTracing> {
  const packages = (await importAll().catch((cause: unknown) => {
    throw new TracingError(isMissingPackage(cause) ? INSTALL_HINT : `Traces: ${messageOf(cause)}`, { cause });
  })) as Packages;
  const { TracerProvider, BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler } = packages;
  const ids = new SpanIds(new packages.RandomIdGenerator());
  const provider = new TracerProvider({
    idGenerator: ids,
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.sampleShare) }),
    resource: packages.resourceFromAttributes({
      'service.name': options.serviceName,
      'service.version': options.version,
    }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: watched(
          new packages.OTLPTraceExporter({
            url: tracesUrl(options.otlpUrl),
            timeoutMillis: EXPORT_MS,
          }),
          options,
        ),
        maxQueueSize: 8_192,
        scheduledDelayMillis: 1_000,
      }),
    ],
  });
  return {
    spans: createSpans(provider.getTracer('signalbox', options.version), ids),
    async close() {
      const { promise: patience, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, CLOSE_MS);
      await Promise.race([provider.shutdown().catch(() => undefined), patience]);
      clearTimeout(timer);
    },
  };
}

/** The exporter, telling when it begins to fail and when it works again. */
function watched(
  exporter: InstanceType<Packages['OTLPTraceExporter']>,
  { onNews = () => undefined }: TracingOptions,
): ConstructorParameters<Packages['BatchSpanProcessor']>[0]['exporter'] {
  let isSending = true;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const works = result.error === undefined && result.code === 0;
        if (works !== isSending) {
          isSending = works;
          onNews({ isSending, ...(!works && { reason: messageOf(result.error) }) });
        }
        done(result);
      });
    },
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
}

export function tracesUrl(otlpUrl: string): string {
  const url = new URL(otlpUrl);
  if (url.pathname === '/') url.pathname = '/v1/traces';
  return url.href;
}

function isMissingPackage(thrown: unknown): boolean {
  return (thrown as NodeJS.ErrnoException | null)?.code === 'ERR_MODULE_NOT_FOUND';
}

function messageOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.message === '') return messageOf(thrown.errors[0]);
  return thrown instanceof Error ? thrown.message : String(thrown);
}
