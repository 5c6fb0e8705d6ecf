/** Asks one instance for its health on its own interval and tells when the verdict changes. */

import type { EngineAdapter } from '../adapter.ts';
import { authorizationHeaders, type PageAuthorization } from '../pages/authorization.ts';
import { createFirstExisting } from '../pages/first-existing.ts';
import type { PageClient, PageOutcome } from '../pages/page-client.ts';
import { pageUrl } from '../pages/urls.ts';
import type { HealthSettings } from './health-settings.ts';
import { repeat, type Surroundings } from './repeat.ts';

/** `starting` until the first success: an engine that loads its model is neither healthy nor at fault. */
export type HealthVerdict = 'starting' | 'healthy' | 'unhealthy';

export interface HealthStatus {
  readonly verdict: HealthVerdict;
  readonly lastCheckAtMs: number | undefined;
  /** Why the last check failed; `undefined` when it succeeded. */
  readonly lastError: string | undefined;
  readonly consecutiveFailures: number;
}

export interface HealthCheck {
  status(): HealthStatus;
  stop(): void;
}

export interface HealthCheckOptions {
  readonly adapter: EngineAdapter;
  readonly baseUrl: string;
  readonly client: PageClient;
  readonly authorization?: PageAuthorization;
  readonly settings: HealthSettings;
  /** What was known before these settings; the default is `starting`. */
  readonly verdict?: HealthVerdict;
  /** The verdict is now this. Not called for a verdict that stays. */
  readonly onVerdict: (isHealthy: boolean, detail: string | undefined) => void;
}

/** A health page says little; what is longer is no health page, but may still be a healthy engine's model list. */
const MAX_PAGE_BYTES = 1024 * 1024;

/** Starts at once. */
export function startHealthCheck(options: HealthCheckOptions, surroundings: Surroundings): HealthCheck {
  const { settings, onVerdict } = options;
  if (!settings.enabled) {
    onVerdict(true, 'not checked');
    return {
      status: () => ({
        verdict: 'healthy',
        lastCheckAtMs: undefined,
        lastError: undefined,
        consecutiveFailures: 0,
      }),
      stop() {},
    };
  }
  const getHealth = healthPageOf(options);
  let status: HealthStatus = {
    verdict: options.verdict ?? 'starting',
    lastCheckAtMs: undefined,
    lastError: undefined,
    consecutiveFailures: 0,
  };
  let consecutiveSuccesses = 0;

  async function check(signal: AbortSignal): Promise<void> {
    const outcome = await getHealth(signal);
    if (signal.aborted) return;
    const error = outcome.ok ? undefined : wordsOf(outcome);
    consecutiveSuccesses = outcome.ok ? consecutiveSuccesses + 1 : 0;
    const consecutiveFailures = outcome.ok ? 0 : status.consecutiveFailures + 1;
    const before = status.verdict;
    const verdict = nextVerdict(before, { consecutiveSuccesses, consecutiveFailures }, settings);
    status = { verdict, lastCheckAtMs: surroundings.clock.now(), lastError: error, consecutiveFailures };
    if (verdict !== before) onVerdict(verdict === 'healthy', error);
  }

  const intervalMs = () => (status.verdict === 'starting' ? settings.startIntervalMs : settings.intervalMs);
  const repetition = repeat(check, { intervalMs, firstDelayMs: 0 }, surroundings);
  return { status: () => status, stop: () => repetition.stop() };
}

function nextVerdict(
  verdict: HealthVerdict,
  counts: { readonly consecutiveSuccesses: number; readonly consecutiveFailures: number },
  settings: HealthSettings,
): HealthVerdict {
  if (verdict === 'starting') return counts.consecutiveSuccesses > 0 ? 'healthy' : 'starting';
  if (counts.consecutiveFailures >= settings.unhealthyAfter) return 'unhealthy';
  return counts.consecutiveSuccesses >= settings.healthyAfter ? 'healthy' : verdict;
}

function healthPageOf(options: HealthCheckOptions): (signal: AbortSignal) => Promise<PageOutcome> {
  const { adapter, baseUrl, client, authorization, settings } = options;
  const paths = settings.path === undefined ? adapter.healthPaths : [settings.path];
  const getFirstExisting = createFirstExisting(paths);
  const headers = authorizationHeaders(authorization);
  return async (signal) => {
    const outcome = await getFirstExisting((path) =>
      client.get({
        url: pageUrl(baseUrl, path),
        timeoutMs: settings.timeoutMs,
        maxBytes: MAX_PAGE_BYTES,
        headers,
        signal,
      }),
    );
    // Every adapter names at least one health page.
    return outcome!;
  };
}

/** llama.cpp says in the body why it is not ready: `{"error": {"message": "Loading model", …}}`. */
function wordsOf(outcome: Extract<PageOutcome, { ok: false }>): string {
  const said = /"message"\s*:\s*"([^"\\]{1,200})"/.exec(outcome.body ?? '')?.[1];
  return said === undefined ? outcome.message : `${outcome.message} (${said})`;
}
