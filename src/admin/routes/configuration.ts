/** The configuration in force, loading it anew, and the log's level. */

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import { SignalboxError } from '../../domain/index.ts';
import { LOG_LEVELS, redactSecrets } from '../../telemetry/index.ts';
import type { AdminOptions, LogLevelControl } from '../options.ts';
import { ReloadReport } from '../schemas.ts';
import { errorResponses, jsonResponse } from './responses.ts';

const Configuration = z.record(z.string(), z.unknown()).openapi('Configuration');

const level = z.enum(LOG_LEVELS, `one of ${LOG_LEVELS.join(', ')}`);
const LogLevelView = z.strictObject({ level }, 'an object with the field level').openapi('LogLevel');

const show = createRoute({
  method: 'get',
  path: '/admin/config',
  operationId: 'getConfiguration',
  tags: ['configuration'],
  summary: 'The configuration in force, without its secrets',
  responses: { 200: jsonResponse(Configuration, 'The configuration'), ...errorResponses('not_found') },
});

const reload = createRoute({
  method: 'post',
  path: '/admin/reload',
  operationId: 'reloadConfiguration',
  tags: ['configuration'],
  summary: 'Load the configuration anew; a faulty one changes nothing',
  responses: { 200: jsonResponse(ReloadReport, 'It is in force'), ...errorResponses('conflict') },
});

const showLevel = createRoute({
  method: 'get',
  path: '/admin/log-level',
  operationId: 'getLogLevel',
  tags: ['configuration'],
  summary: 'How much is logged',
  responses: { 200: jsonResponse(LogLevelView, 'The level'), ...errorResponses('not_found') },
});

const setLevel = createRoute({
  method: 'put',
  path: '/admin/log-level',
  operationId: 'setLogLevel',
  tags: ['configuration'],
  summary: 'Log more or less, until the next start',
  middleware: bodyLimit({ maxSize: 1024 }),
  request: { body: { content: { 'application/json': { schema: LogLevelView } }, required: true } },
  responses: {
    200: jsonResponse(LogLevelView, 'The level as it is then'),
    ...errorResponses(
      'invalid_request',
      'invalid_value',
      'invalid_json',
      'unsupported_media_type',
      'request_too_large',
      'not_found',
    ),
  },
});

export function mountConfiguration(app: OpenAPIHono, options: AdminOptions): void {
  app.openapi(show, (context) => {
    if (options.config === undefined)
      throw new SignalboxError('not_found', 'No configuration is shown here.');
    return context.json(redactSecrets(options.config()) as Record<string, unknown>, 200);
  });
  app.openapi(reload, async (context) => {
    if (options.reload === undefined) {
      throw new SignalboxError(
        'conflict',
        'Signalbox was started without a configuration file; there is none to load.',
      );
    }
    const { isApplied, problems } = await options.reload();
    if (isApplied) return context.json({ isApplied }, 200);
    throw new SignalboxError(
      'conflict',
      `The configuration was refused, the old one stays: ${problems.join('; ')}`,
    );
  });
  mountLogLevel(app, options.logLevel);
}

function mountLogLevel(app: OpenAPIHono, control: LogLevelControl | undefined): void {
  function existing(): LogLevelControl {
    if (control === undefined) throw new SignalboxError('not_found', 'The log level is not controlled here.');
    return control;
  }
  app.openapi(showLevel, (context) => context.json({ level: existing().level() }, 200));
  app.openapi(setLevel, (context) => {
    existing().setLevel(context.req.valid('json').level);
    return context.json({ level: existing().level() }, 200);
  });
}
