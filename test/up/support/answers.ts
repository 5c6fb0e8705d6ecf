/** Reads a streamed answer piece by piece. */

export interface AnswerReader {
  /** Everything read so far. */
  readonly text: string;
  /** Reads until something has come that it looks for; throws when the answer ends before. */
  until(wanted: RegExp): Promise<string>;
  /** Reads to the end. */
  rest(): Promise<string>;
  /** Goes away. */
  leave(): Promise<void>;
}

export function readerOf(response: Response): AnswerReader {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const readMore = async (): Promise<boolean> => {
    const { done, value } = await reader.read();
    text += value ?? '';
    return !done;
  };
  return {
    get text() {
      return text;
    },
    async until(wanted) {
      while (!wanted.test(text)) if (!(await readMore())) throw new Error(`no ${wanted} in: ${text}`);
      return text;
    },
    async rest() {
      while (await readMore());
      return text;
    },
    leave: () => reader.cancel(),
  };
}

/** What `[DONE]` follows: the answer is whole. */
export const WHOLE = /data: \[DONE\]\n\n$/;
export const A_TOKEN = /"content":"[^"]+"/;

/** The error of the event with which a stream ended. */
export function errorIn(text: string): { code: string; message: string } {
  const event = text.trimEnd().split('\n\n').at(-1)!;
  return (JSON.parse(event.slice('data: '.length)) as { error: { code: string; message: string } }).error;
}
