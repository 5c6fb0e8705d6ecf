/** Per-client traces as derived from the VTC fairness study: `time_s,client,prompt_tokens,output_tokens`. */

import { csvRowReader, hasColumns } from '../csv.ts';
import { readSecondsAsMs, readTokens } from '../fields.ts';
import type { TraceFormat } from '../trace-format.ts';

const COLUMNS = ['time_s', 'client', 'prompt_tokens', 'output_tokens'] as const;

/** Sheng et al., "Fairness in Serving Large Language Models", OSDI '24: LMSYS Chatbot Arena logs by client. */
export const vtcFormat: TraceFormat = {
  name: 'vtc',
  expects: `a CSV heading with ${COLUMNS.join(', ')}`,
  hasHeading: true,
  stampResolutionMs: 0,
  recognises: (firstLine) => hasColumns(firstLine, COLUMNS),
  rowReader: (heading) =>
    csvRowReader(heading, COLUMNS, (fields) => ({
      stampMs: readSecondsAsMs(fields.time_s, 'time_s'),
      promptTokens: readTokens(fields.prompt_tokens, 'prompt_tokens'),
      outputTokens: readTokens(fields.output_tokens, 'output_tokens'),
      ...(fields.client === '' ? {} : { tenant: fields.client }),
    })),
};
