/** What `signalbox engine` says when it is up. */

import type { ActiveFault, DialectName } from '../../engines/serving/index.ts';
import type { OpenedEngine } from './sources.ts';

export interface Started {
  readonly url: string;
  readonly dialect: DialectName;
  readonly opened: OpenedEngine;
  readonly faults: readonly ActiveFault[];
}

export function bannerOf({ url, dialect, opened, faults }: Started): string {
  const model = opened.engine.modelNames[0] ?? '';
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] });
  const lines = [
    `Signalbox engine (${opened.about})`,
    `  address  ${url}/v1`,
    `  model    ${model}, ${opened.engine.maxModelTokens} tokens of context`,
    `  speaks   ${dialect}: OpenAI API, ${url}/metrics`,
    ...faults.map((fault) => `  fault    ${fault.kind} ${JSON.stringify(fault.parameters)}`),
    `  try      curl ${url}/v1/chat/completions -H 'content-type: application/json' -d '${body}'`,
  ];
  return `${lines.join('\n')}\n`;
}
