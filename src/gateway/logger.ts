/** What the gateway needs of a logger; pino has it. */

export interface GatewayLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const SILENT_LOGGER: GatewayLogger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};
