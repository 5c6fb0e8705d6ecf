/** Who may call the control listener: checked before any route. */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { SignalboxError } from '../../domain/index.ts';
import { isLoopback } from './binding.ts';

/**
 * Lets through only requests that name this machine. A web page can make its own name resolve to 127.0.0.1 (DNS rebinding) and
 * then read what is served there; its requests still carry that name in `Host`.
 */
export function hostGuard(allowedHosts: readonly string[]): MiddlewareHandler {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()));
  return async function checkHost(context, next) {
    const named = context.req.header('host');
    // It is browsers that are to be kept out, and they always name one.
    if (named === undefined) return next();
    const host = hostnameOf(named);
    if (isLoopback(host) || allowed.has(host)) return next();
    throw new SignalboxError(
      'forbidden',
      `The Host header names ${JSON.stringify(host)}; allowed are localhost, loopback addresses` +
        `${allowed.size === 0 ? '' : ` and ${[...allowed].join(', ')}`}.`,
    );
  };
}

/** Lets no foreign web page change anything through the browser of somebody who may. */
export function originGuard(): MiddlewareHandler {
  return async function checkOrigin(context, next) {
    const { method } = context.req;
    if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return next();
    const site = context.req.header('sec-fetch-site');
    const origin = context.req.header('origin');
    const isForeign =
      (site !== undefined && site !== 'same-origin' && site !== 'none') ||
      (origin !== undefined && !isSameHost(origin, context.req.header('host')));
    if (!isForeign) return next();
    throw new SignalboxError('forbidden', 'Only pages of this address may change something from a browser.');
  };
}

/** Asks for the token in an `Authorization` header: in a URL it would end up in logs and histories. */
export function tokenGuard(token: string, publicPaths: ReadonlySet<string>): MiddlewareHandler {
  const expected = digest(token);
  return async function checkToken(context, next) {
    if (publicPaths.has(context.req.path)) return next();
    const given = /^Bearer +(.+)$/i.exec(context.req.header('authorization') ?? '')?.[1]?.trim();
    // Digests have one length whatever was given, so that the comparison takes as long for each.
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return next();
    const found = given === undefined ? 'found none' : 'the one found is not it';
    throw new SignalboxError(
      'invalid_api_key',
      `The control token is needed in the header "Authorization: Bearer …"; ${found}.`,
    );
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function hostnameOf(hostHeader: string): string {
  return hostHeader.replace(/:\d+$/, '').toLowerCase();
}

function isSameHost(origin: string, hostHeader: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === hostHeader?.toLowerCase();
}
