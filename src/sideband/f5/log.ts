/** Where the sideband says what it does; a pino logger fits. */

export interface SidebandLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
