/** What is wrong with the file; the message names the key, what was found and what is allowed. */

export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}
