/** BurstGPT's traces: `Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type`, whole seconds. */

import { csvRowReader, hasColumns } from '../csv.ts';
import { readSecondsAsMs, readTokens } from '../fields.ts';
import type { TraceFormat } from '../trace-format.ts';

const COLUMNS = ['Timestamp', 'Model', 'Request tokens', 'Response tokens'] as const;

/** https://github.com/HPMLL/BurstGPT; requests that failed when it was recorded have 0 response tokens. */
export const burstGptFormat: TraceFormat = {
  name: 'burstgpt',
  expects: `a CSV heading with ${COLUMNS.join(', ')}`,
  hasHeading: true,
  stampResolutionMs: 1000,
  recognises: (firstLine) => hasColumns(firstLine, COLUMNS),
  rowReader: (heading) =>
    csvRowReader(heading, COLUMNS, (fields) => ({
      stampMs: readSecondsAsMs(fields.Timestamp, 'Timestamp'),
      promptTokens: readTokens(fields['Request tokens'], 'Request tokens'),
      outputTokens: readTokens(fields['Response tokens'], 'Response tokens'),
      ...(fields.Model === '' ? {} : { model: fields.Model }),
    })),
};
