/** `signalbox schema`: prints the JSON Schema of the configuration, or the reference of its keys. */

import { Command } from 'commander';
import { configJsonSchema, configReference } from '../config/index.ts';

export function schemaCommand(write: (text: string) => void = (text) => process.stdout.write(text)): Command {
  return new Command('schema')
    .description('print the JSON Schema of the configuration, for editors')
    .option('--markdown', 'print the reference of its keys instead, as in docs/configuration.md')
    .action((options: { readonly markdown?: boolean }) => {
      write(options.markdown ? configReference() : schemaText());
    });
}

/** What `signalbox.schema.json` holds. */
export function schemaText(): string {
  return `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`;
}
