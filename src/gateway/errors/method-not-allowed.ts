/** A path that exists, called with a method it does not have. */

import { SignalboxError } from '../../domain/index.ts';

export class MethodNotAllowedError extends SignalboxError {
  /** The methods it has, as the `allow` header lists them. */
  readonly allow: string;

  constructor(method: string, path: string, allowed: readonly string[]) {
    super('method_not_allowed', `${path} does not answer ${method}; it answers ${allowed.join(' and ')}.`);
    this.allow = allowed.join(', ');
  }
}
