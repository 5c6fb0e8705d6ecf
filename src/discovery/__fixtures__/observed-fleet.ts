/** A fleet on real servers whose events a test can read. */

import { type FleetEvent, seededRandom } from '../../domain/index.ts';
import {
  type FixturePage,
  type PageServer,
  startPageServer,
} from '../../engines/__fixtures__/page-server.ts';
import { SYSTEM_TIMERS, type Timers } from '../../engines/index.ts';
import { createFleet, type Fleet, type FleetOptions } from '../fleet.ts';

const servers: PageServer[] = [];
const fleets: Fleet[] = [];

export async function serve(pages: Readonly<Record<string, FixturePage>>): Promise<PageServer> {
  const server = await startPageServer(pages);
  servers.push(server);
  return server;
}

export interface Observed {
  readonly fleet: Fleet;
  readonly events: FleetEvent[];
  /** The events of one instance besides reports, as short words. */
  newsOf(id: string): string[];
  /** Timers that are set now. */
  openTimers(): number;
}

/** A fleet whose intervals are short, and whose timers are counted. */
export function observe(options: Partial<FleetOptions> = {}): Observed {
  const events: FleetEvent[] = [];
  const open = new Set<unknown>();
  const timers: Timers = {
    setTimeout(callback, delayMs) {
      // Waits between attempts are real ones, cut short.
      const handle = SYSTEM_TIMERS.setTimeout(
        () => {
          open.delete(handle);
          callback();
        },
        Math.min(delayMs, 30),
      );
      open.add(handle);
      return handle;
    },
    clearTimeout(handle) {
      open.delete(handle);
      SYSTEM_TIMERS.clearTimeout(handle);
    },
  };
  const fleet = createFleet({
    sink: (event) => events.push(event),
    clock: { now: () => Date.now() },
    random: seededRandom(1),
    timers,
    scrape: { intervalMs: 20 },
    health: { intervalMs: 20, startIntervalMs: 10 },
    relistIntervalMs: 25,
    ...options,
  });
  fleets.push(fleet);
  return { fleet, events, openTimers: () => open.size, newsOf: (id) => newsOf(events, id) };
}

function newsOf(events: readonly FleetEvent[], wanted: string): string[] {
  return events.flatMap((event) => {
    if (event.type === 'instance-reported') return [];
    const id = event.type === 'instance-added' ? event.instance.id : event.instanceId;
    if (id !== wanted) return [];
    if (event.type === 'instance-added') return `added ${event.instance.models.join(' ')}`;
    if (event.type === 'instance-health') return event.isHealthy ? 'healthy' : 'unhealthy';
    return event.type;
  });
}

export const described = (fleet: Fleet, id: string) =>
  fleet.describe().find((instance) => instance.id === id)!;
export const reportsOf = (events: readonly FleetEvent[], id: string) =>
  events.filter((event) => event.type === 'instance-reported' && event.report.instanceId === id);

/** To be called after each test. */
export async function closeAll(): Promise<void> {
  await Promise.all(fleets.splice(0).map((fleet) => fleet.close()));
  await Promise.all(servers.splice(0).map((server) => server.close()));
}
