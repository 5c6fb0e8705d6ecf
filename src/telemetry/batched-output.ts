/** Hands lines of the log on many at a time: a system call, and a thread woken for it, costs more than a line. */

/** What a logger writes to. */
export interface LineOutput {
  write(text: string): void;
  /** Returns when everything has been written out. */
  flushSync(): void;
}

/** What the lines are handed on to: writes in the background once it has a batch, or is told to. */
export interface BatchSink extends LineOutput {
  flush(): void;
  /** `drain`: what it was writing in the background is written. */
  on(event: 'drain', listener: () => void): unknown;
}

export interface BatchLimits {
  /** Characters that make a batch. */
  readonly maxLength: number;
  /** How long a line may wait for others. */
  readonly maxDelayMs: number;
  /** How long `flushSync` lets a write in the background come to its end, lest later lines overtake it. */
  readonly maxOvertakenMs: number;
}

export function batchedOutput(sink: BatchSink, limits: BatchLimits): LineOutput {
  let lines: string[] = [];
  let length = 0;
  let timer: NodeJS.Timeout | undefined;
  let isWriting = false;
  sink.on('drain', () => {
    isWriting = false;
  });

  function handOn(): void {
    clearTimeout(timer);
    timer = undefined;
    if (lines.length === 0) return;
    const text = lines.join('');
    lines = [];
    length = 0;
    sink.write(text);
  }

  function handOnInTime(): void {
    handOn();
    isWriting = true;
    sink.flush();
  }

  return {
    write(text) {
      lines.push(text);
      length += text.length;
      if (length >= limits.maxLength) {
        isWriting = true;
        handOn();
      } else {
        timer ??= setTimeout(handOnInTime, limits.maxDelayMs).unref();
      }
    },
    flushSync() {
      handOn();
      // The write goes on in its own thread, and only its end cannot be seen from here.
      if (isWriting) sleepSync(limits.maxOvertakenMs);
      isWriting = false;
      sink.flushSync();
    },
  };
}

function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
