/** What is told to other systems of what happens here. */

import * as z from 'zod';
import { baseUrl, share, text } from './fields.ts';

const tracing = z
  .strictObject({
    otlpUrl: baseUrl()
      .optional()
      .describe(
        'Where traces are sent by OTLP over HTTP, as in http://collector:4318; without a path, /v1/traces is added. Needs three optional packages (docs/tracing.md). Default: none, and nothing is traced.',
      ),
    sampleShare: share()
      .default(1)
      .describe(
        'Share of the traces that begin here which is sent; one that a caller began is sent as it says.',
      ),
    serviceName: text().default('signalbox').describe('What this process is called in traces.'),
  })
  .prefault({})
  .describe('Traces by OpenTelemetry.');

export const telemetrySection = z
  .strictObject({ tracing })
  .prefault({})
  .describe('What others are told of what happens here.');
