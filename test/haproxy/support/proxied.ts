/** What each test of HAProxy starts, and what is ended after it. */

import { afterEach, describe } from 'vitest';
import { type Script, startUpstream, type Upstream } from '../../gateway/support/upstream.ts';
import { type Haproxy, type HaproxyOptions, haproxyIsMissing, startHaproxy } from './haproxy.ts';

interface Closable {
  close(): Promise<unknown>;
}

/** Ends what tests started, the last first. */
export type Cleanup = <Thing extends Closable>(thing: Thing) => Thing;

/** To be called once at the top of a test file. */
export function cleanup(): Cleanup {
  const things: Closable[] = [];
  afterEach(async () => {
    for (const thing of things.splice(0).reverse()) await thing.close();
  });
  return (thing) => {
    things.push(thing);
    return thing;
  };
}

/** A suite that says why it is skipped where there is no HAProxy. */
export function describeHaproxy(title: string, suite: () => void): void {
  const reason = haproxyIsMissing();
  describe.skipIf(reason !== undefined)(
    reason === undefined ? title : `${title} (skipped: ${reason})`,
    suite,
  );
}

export async function openHaproxy(toClose: Cleanup, options: HaproxyOptions): Promise<Haproxy> {
  const haproxy = await startHaproxy(options);
  toClose({ close: haproxy.stop });
  return haproxy;
}

/** Three engines whose every answer is scripted; they are healthy unless the script says otherwise. */
export async function openUpstreams(toClose: Cleanup, script: Script): Promise<readonly Upstream[]> {
  const healthy: Script = (response, call) =>
    call.path === '/health' ? response.end() : script(response, call);
  return Promise.all(Array.from({ length: 3 }, async () => toClose(await startUpstream(healthy))));
}

export const urlsOf = (things: readonly { readonly url: string }[]) => things.map(({ url }) => url);

export const portOf = ({ url }: { readonly url: string }) => Number(new URL(url).port);

/** `ip:port`. */
export const addressOf = ({ url }: { readonly url: string }) => new URL(url).host;
