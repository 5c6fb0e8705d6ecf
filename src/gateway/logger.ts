/** What the gateway needs of a logger; pino has it. */

export interface GatewayLogger {
  error(fields: object, message: string): void;
}
