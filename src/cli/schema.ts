/** `signalbox schema`: prints the JSON Schema of the configuration, for editors. */

import { Command } from 'commander';
import { configJsonSchema } from '../config/index.ts';

export function schemaCommand(write: (text: string) => void = (text) => process.stdout.write(text)): Command {
  return new Command('schema')
    .description('print the JSON Schema of the configuration, for editors')
    .action(() => write(schemaText()));
}

/** What `signalbox.schema.json` holds. */
export function schemaText(): string {
  return `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`;
}
