/** Azure's LLM inference traces: `TIMESTAMP,ContextTokens,GeneratedTokens`, UTC stamps of 100 ns. */

import { csvRowReader, hasColumns } from '../csv.ts';
import { FieldError, readTokens, show } from '../fields.ts';
import type { TraceFormat } from '../trace-format.ts';

const COLUMNS = ['TIMESTAMP', 'ContextTokens', 'GeneratedTokens'] as const;

/** https://github.com/Azure/AzurePublicDataset (AzureLLMInferenceDataset2023 and 2024). */
export const azureFormat: TraceFormat = {
  name: 'azure',
  expects: `a CSV heading with ${COLUMNS.join(', ')}`,
  hasHeading: true,
  stampResolutionMs: 0,
  recognises: (firstLine) => hasColumns(firstLine, COLUMNS),
  rowReader: (heading) =>
    csvRowReader(heading, COLUMNS, (fields) => ({
      stampMs: readStamp(fields.TIMESTAMP),
      promptTokens: readTokens(fields.ContextTokens, 'ContextTokens'),
      outputTokens: readTokens(fields.GeneratedTokens, 'GeneratedTokens'),
    })),
};

const STAMP = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):?(\d\d))?$/;

/** Epoch milliseconds of `2023-11-16 18:15:46.6805900`; UTC unless an offset says otherwise. */
function readStamp(text: string): number {
  const match = STAMP.exec(text);
  if (match !== null) {
    const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as Six;
    const wholeMs = Date.UTC(year, month - 1, day, hour, minute, second);
    const isReal =
      month <= 12 && new Date(wholeMs).getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
    if (isReal) return wholeMs + fractionMs(match[7]) - offsetMs(match[8], match[9], match[10]);
  }
  throw new FieldError(`TIMESTAMP is ${show(text)}, not a moment like 2023-11-16 18:15:46.6805900`);
}

type Six = [number, number, number, number, number, number];

function fractionMs(digits: string | undefined): number {
  return digits === undefined ? 0 : Number(digits) / 10 ** (digits.length - 3);
}

function offsetMs(sign: string | undefined, hours = '0', minutes = '0'): number {
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}
