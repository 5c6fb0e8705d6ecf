/** Where Signalbox listens. */

import * as z from 'zod';
import { port, secretFields, text } from './fields.ts';

export const DEFAULT_DATA_PORT = 8080;
export const DEFAULT_CONTROL_PORT = 8081;

const dataListener = z.strictObject({
  host: text()
    .optional()
    .describe(
      'Address to bind to. Default: `127.0.0.1`; `0.0.0.0` (every address) once `auth.keys` are configured or `open` is true.',
    ),
  port: port().default(DEFAULT_DATA_PORT).describe('Port to bind to; 0 takes a free one.'),
  open: z.boolean().default(false).describe('Serve callers on other machines without asking for an API key.'),
});

const controlListener = z.strictObject({
  host: text()
    .default('127.0.0.1')
    .describe('Address to bind to. One that other machines reach needs a token, or `insecure: true`.'),
  port: port().default(DEFAULT_CONTROL_PORT).describe('Port to bind to; 0 takes a free one.'),
  ...secretFields('token', 'Bearer token that callers of the control listener must send.'),
  insecure: z
    .boolean()
    .default(false)
    .describe('Let other machines reach the control listener without a token.'),
});

export const listenersSection = z
  .strictObject({
    data: dataListener.prefault({}).describe('What applications call: `/v1/*`, `/health`, `/ready`.'),
    control: controlListener
      .prefault({})
      .describe('What operators call: `/metrics`, `/admin/*`, the OpenAPI document.'),
  })
  .prefault({})
  .describe('The two listeners.');
