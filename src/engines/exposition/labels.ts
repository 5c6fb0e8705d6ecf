/** Labels of one sample: `{name="value",other="with \"quotes\" and }"}`. */

export type Labels = ReadonlyMap<string, string>;

export const NO_LABELS: Labels = new Map();

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', '\\': '\\', '"': '"' };

/**
 * Walks over the label set whose opening brace stands at `open`.
 * @param into gets the labels; leave it out to only find the end
 * @returns where the text goes on after the closing brace, or -1 when the set is malformed
 */
export function walkLabels(line: string, open: number, into?: Map<string, string>): number {
  let at = skipBlanks(line, open + 1);
  while (line[at] !== '}') {
    const name = /[A-Za-z_][A-Za-z0-9_]*/y;
    name.lastIndex = at;
    const label = name.exec(line)?.[0];
    if (label === undefined) return -1;
    at = skipBlanks(line, at + label.length);
    if (line[at] !== '=') return -1;
    const quote = skipBlanks(line, at + 1);
    if (line[quote] !== '"') return -1;
    const end = endOfQuoted(line, quote);
    if (end < 0) return -1;
    into?.set(label, withoutEscapes(line.slice(quote + 1, end - 1)));
    at = skipBlanks(line, end);
    if (line[at] === ',') at = skipBlanks(line, at + 1);
    else if (line[at] !== '}') return -1;
  }
  return at + 1;
}

/** The first place from `at` on that holds neither a space nor a tab. */
export function skipBlanks(line: string, at: number): number {
  let next = at;
  while (line[next] === ' ' || line[next] === '\t') next++;
  return next;
}

/** Where the text goes on after the string whose opening quote stands at `quote`, or -1 when it never ends. */
function endOfQuoted(line: string, quote: number): number {
  for (let at = quote + 1; at < line.length; at++) {
    if (line[at] === '\\') at++;
    else if (line[at] === '"') return at + 1;
  }
  return -1;
}

/** An escape that the format does not know stays as it is written. */
function withoutEscapes(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\(.)/gs, (written, char: string) => ESCAPES[char] ?? written);
}
