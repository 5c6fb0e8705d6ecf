/** The OpenAI-compatible door in front of a fleet. */

export { type CloseReport, createGateway, type Gateway } from './gateway.ts';
export * from './intake/index.ts';
export type { GatewayLogger } from './logger.ts';
export {
  DEFAULT_ENGINE_CLIENT_OPTIONS,
  DEFAULT_GATEWAY_SETTINGS,
  DEFAULT_SERVER_OPTIONS,
  type GatewayOptions,
  type GatewaySettings,
} from './options.ts';
export { DEFAULT_RELAY_SETTINGS, type RelaySettings } from './relay/index.ts';
export type { SideAnswer, SideCall, SideDoor } from './side-door.ts';
export type * from './transport/port.ts';
