/** Traces, where the configuration says where they are to be sent. */

import type { Config } from '../../config/index.ts';
import { type OpenTracing, openTracing as open, TracingError } from '../../telemetry/index.ts';
import { StartError } from './start-error.ts';

interface Log {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}

/** @throws StartError when a package is missing */
export async function openTracing(
  { telemetry }: Config,
  version: string,
  log: Log,
): Promise<OpenTracing | undefined> {
  const { otlpUrl, ...how } = telemetry.tracing;
  if (otlpUrl === undefined) return undefined;
  try {
    return await open({
      otlpUrl,
      version,
      ...how,
      onNews({ isSending, reason }) {
        if (isSending) log.info({ otlpUrl }, 'traces are sent again');
        else log.warn({ otlpUrl, reason }, 'traces cannot be sent; nothing else is affected');
      },
    });
  } catch (cause) {
    if (!(cause instanceof TracingError)) throw cause;
    throw new StartError(`telemetry.tracing.otlpUrl: ${cause.message}`, { cause });
  }
}
