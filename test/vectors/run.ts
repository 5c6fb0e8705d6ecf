/** Runs vectors from the command line: `npm run test:vectors -- [DIR] [--json]`. */

import { statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { reportText } from './report-text.ts';
import { isGood, runVectorFolder } from './run-folder.ts';
import { VECTOR_FILES, VECTOR_SUITES } from './suites.ts';

const USAGE = 'usage: npm run test:vectors -- [DIR] [--json]';

process.exitCode = await main(process.argv.slice(2));

/** The status to end with: 0 when nothing failed, 1 when something did, 2 when it was called wrongly. */
async function main(args: readonly string[]): Promise<number> {
  const call = readCall(args);
  if ('problem' in call) {
    console.error(`${call.problem}\n${USAGE}`);
    return 2;
  }
  const report = await runVectorFolder(call.folder, VECTOR_FILES, VECTOR_SUITES);
  console.log(call.asJson ? JSON.stringify(report, undefined, 2) : reportText(report));
  return isGood(report) ? 0 : 1;
}

type Call = { readonly folder: string; readonly asJson: boolean } | { readonly problem: string };

function readCall(args: readonly string[]): Call {
  try {
    const options = { json: { type: 'boolean', default: false } } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const [folder = import.meta.dirname, ...more] = positionals;
    if (more.length > 0) return { problem: `found ${positionals.length} folders, one is allowed` };
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
      return { problem: `${folder} is not a folder` };
    }
    return { folder, asJson: values.json };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}
