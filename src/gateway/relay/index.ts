/** One call's way from the queue through an engine to its caller. */

export { Relay, type RelayContext } from './relay.ts';
export { DEFAULT_RELAY_SETTINGS, type RelaySettings } from './settings.ts';
