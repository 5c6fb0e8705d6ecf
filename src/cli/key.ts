/** `signalbox key`: makes an API key and the lines of configuration that let its bearer in. */

import { createHash, randomBytes } from 'node:crypto';
import { Command, InvalidArgumentError } from 'commander';

/** Begins with a letter, so that YAML takes it for no number. */
const NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

interface KeyOptions {
  readonly name: string;
  readonly tenant?: string;
}

export function keyCommand(): Command {
  return new Command('key')
    .description('make an API key; it is shown this once, the configuration holds only its SHA-256')
    .option('--name <name>', 'what to call it in the configuration, logs and metrics', readName, 'my-key')
    .option('--tenant <name>', 'whose requests these are (default: the name)', readName)
    .action(function printKey(this: Command, options: KeyOptions) {
      const { writeOut } = this.configureOutput();
      writeOut?.(keyText(createKey(), options));
    });
}

/** 256 random bits, so that nothing is gained by hashing it slowly. */
export function createKey(): string {
  return `sk-sb-${randomBytes(32).toString('base64url')}`;
}

/** What the command prints: the key, and what to paste into the configuration. */
export function keyText(key: string, { name, tenant }: KeyOptions): string {
  const sha256 = createHash('sha256').update(key).digest('hex');
  const lines = [
    'The API key, shown only now:',
    '',
    `  ${key}`,
    '',
    'Its entry in the configuration:',
    '',
    'auth:',
    '  keys:',
    `    ${name}:`,
    `      sha256: '${sha256}'`,
    ...(tenant === undefined ? [] : [`      tenant: ${tenant}`]),
    '      # models: [llama-3-8b]   # only these; all without this line',
    '      # maxPriority: HIGH      # the most it may ask for',
    '',
    `Try it: curl -H 'Authorization: Bearer ${key}' http://127.0.0.1:8080/v1/models`,
  ];
  return `${lines.join('\n')}\n`;
}

function readName(text: string): string {
  if (NAME.test(text)) return text;
  throw new InvalidArgumentError(
    'It must be a letter, then up to 63 letters, digits, dots, hyphens and underscores.',
  );
}
