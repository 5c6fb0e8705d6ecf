/**
 * The lines of a file as it is read: ended by `\n` alone, since a JSON string may hold every other character that Node's own readline
 * takes for an end.
 */

export interface Line {
  readonly text: string;
  /** From 1. */
  readonly number: number;
  /** Bytes of the file up to and with its end. */
  readonly endsAt: number;
  /** Whether `\n` follows; without it, it is the last line, and may have been cut off. */
  readonly isWhole: boolean;
}

const NEWLINE = 10;

export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line, void, undefined> {
  let pieces: Buffer[] = [];
  let number = 0;
  let endsAt = 0;
  const next = (isWhole: boolean): Line => {
    const bytes = Buffer.concat(pieces);
    pieces = [];
    endsAt += bytes.length + (isWhole ? 1 : 0);
    return { text: bytes.toString('utf8').replace(/\r$/, ''), number: ++number, endsAt, isWhole };
  };
  for await (const chunk of chunks) {
    let begin = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, begin)) {
      pieces.push(chunk.subarray(begin, end));
      yield next(true);
      begin = end + 1;
    }
    if (begin < chunk.length) pieces.push(chunk.subarray(begin));
  }
  if (pieces.length > 0) yield next(false);
}
