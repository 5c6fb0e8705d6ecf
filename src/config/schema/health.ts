/** How instances are watched: health checks, ejection, and the reading of their metrics. */

import * as z from 'zod';
import {
  count,
  milliseconds,
  overrideShape,
  port,
  secretFields,
  share,
  text,
  textLike,
  urlPath,
} from './fields.ts';

const activeShape = {
  enabled: z.boolean().describe('Ask each instance for its health.').default(true),
  intervalMs: milliseconds(10).describe('Milliseconds between two checks of one instance.').default(5_000),
  startIntervalMs: milliseconds(10)
    .describe('Milliseconds between two checks until the first succeeds.')
    .default(500),
  timeoutMs: milliseconds().describe('Milliseconds after which a check counts as failed.').default(2_000),
  unhealthyAfter: count()
    .describe('Checks that must fail one after the other before a healthy instance is called unhealthy.')
    .default(2),
  healthyAfter: count()
    .describe('Checks that must succeed one after the other before an unhealthy instance is called healthy.')
    .default(1),
};

const healthPath = () =>
  urlPath().optional().describe('Path to ask for. Default: the engine’s own, `/health` for most.');

export const healthSection = z
  .strictObject({
    active: z
      .strictObject({ ...activeShape, path: healthPath() })
      .prefault({})
      .describe('Checks that ask an instance regularly.'),
    passive: z
      .strictObject({
        consecutiveFailures: count()
          .default(3)
          .describe('Requests that fail on an instance one after the other before it is ejected.'),
      })
      .prefault({})
      .describe('Conclusions from the requests themselves.'),
    ejection: z
      .strictObject({
        baseMs: milliseconds()
          .default(5_000)
          .describe('Milliseconds that the first ejection lasts; each further one lasts twice as long.'),
        maxMs: milliseconds().default(300_000).describe('The longest ejection, milliseconds.'),
      })
      .prefault({})
      .describe('How long an instance that fails gets no requests.'),
  })
  .prefault({})
  .describe('Health checks and ejection.');

export const healthOverride = z
  .strictObject({ ...overrideShape(activeShape, 'health.active'), path: healthPath() })
  .optional()
  .describe('What differs from `health.active` for this instance.');

const scrapeShape = {
  enabled: z.boolean().describe('Read the metrics of the engines.').default(true),
  intervalMs: milliseconds(10).describe('Milliseconds between two readings of one instance.').default(1_000),
  jitterShare: share()
    .describe('Random share by which an interval varies, so that not all are read at once.')
    .default(0.1),
  timeoutMs: milliseconds().describe('Milliseconds after which a reading is given up.').default(1_000),
  staleAfterIntervals: count()
    .describe('Intervals without a reading after which the last one is called stale.')
    .default(3),
  maxBytes: count(1_024)
    .describe('The largest metrics page that is read, bytes.')
    .default(4 * 1024 * 1024),
};

const scrapePath = () => urlPath().optional().describe('Path of the metrics. Default: the engine’s own.');

export const scrapeSection = z
  .strictObject({ ...scrapeShape, path: scrapePath() })
  .prefault({})
  .describe('How the metrics of the engines are read.');

export const tlsFields = z.strictObject({
  ...secretFields('ca', 'Certificates to trust instead of the system’s, in PEM form.'),
  ...secretFields('cert', 'Client certificate, in PEM form.'),
  ...secretFields('key', 'Key of the client certificate, in PEM form.'),
  rejectUnauthorized: z.boolean().default(true).describe('Refuse a certificate that cannot be verified.'),
  servername: text().optional().describe('Name to ask for and to verify instead of the address’s host.'),
});

const scrapeAuth = z.strictObject({
  basic: z
    .strictObject({
      username: textLike(/^[^:\p{Cc}]+$/u, 'text without ":"').describe('User name.'),
      ...secretFields('password', 'Password.'),
    })
    .optional()
    .describe('HTTP basic authentication.'),
  bearer: z
    .strictObject(secretFields('token', 'Bearer token.'))
    .optional()
    .describe('Bearer authentication.'),
});

export const scrapeOverride = z
  .strictObject({
    ...overrideShape(scrapeShape, 'scrape'),
    path: scrapePath(),
    port: port().min(1).optional().describe('Port of the metrics. Default: the port of `url`.'),
    auth: scrapeAuth
      .optional()
      .describe('Credentials for the metrics. Default: the instance’s `apiKey`, unless `port` differs.'),
    tls: tlsFields.optional().describe('TLS settings for the metrics. Default: the instance’s `tls`.'),
  })
  .optional()
  .describe('What differs from `scrape` for this instance.');
