/** Cuts a text that arrives in chunks into lines, holding never more than one of them. */

import type { Stage } from './stage.ts';

export interface TextLine {
  /** Without its line end; empty when `isTooLong`. */
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
  /** Longer than any line of a trace can be; its text was thrown away. */
  readonly isTooLong: boolean;
}

/** 200,000 prefix ids fit. */
export const MAX_LINE_CHARACTERS = 2 ** 21;

const BYTE_ORDER_MARK = '\ufeff';

/** Line ends are `\n` or `\r\n`; the last line needs none. */
export function lineSplitter(maxCharacters = MAX_LINE_CHARACTERS): Stage<string, TextLine> {
  let pending = '';
  let isTooLong = false;
  let line = 0;

  const keep = (text: string): void => {
    if (isTooLong || pending.length + text.length > maxCharacters) {
      isTooLong = true;
      pending = '';
    } else {
      pending += text;
    }
  };

  const take = (): TextLine => {
    line += 1;
    let text = pending.endsWith('\r') ? pending.slice(0, -1) : pending;
    if (line === 1 && text.startsWith(BYTE_ORDER_MARK)) text = text.slice(1);
    const taken = { text, line, isTooLong };
    pending = '';
    isTooLong = false;
    return taken;
  };

  return {
    push(chunk) {
      const lines: TextLine[] = [];
      let from = 0;
      for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', from)) {
        keep(chunk.slice(from, end));
        lines.push(take());
        from = end + 1;
      }
      keep(chunk.slice(from));
      return lines;
    },
    end() {
      return pending === '' && !isTooLong ? [] : [take()];
    },
  };
}
