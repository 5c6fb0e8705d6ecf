/** What Ctrl-C means: the first ends the replay in good order, the second at once. */

/** As shells count: 128 and the signal's number. */
export const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
type Signal = keyof typeof SIGNAL_EXIT_CODES;

/** The part of `process` that is needed. */
export interface SignalSource {
  exitCode?: number | string | null | undefined;
  on(event: Signal, listener: (signal: Signal) => void): unknown;
  off(event: Signal, listener: (signal: Signal) => void): unknown;
  exit(code: number): unknown;
}

/** @returns what stops the listening */
export function interruptOnSignals(source: SignalSource, interrupt: AbortController): () => void {
  const onSignal = (signal: Signal): void => {
    const code = SIGNAL_EXIT_CODES[signal];
    if (interrupt.signal.aborted) source.exit(code);
    source.exitCode = code;
    interrupt.abort();
  };
  source.on('SIGINT', onSignal);
  source.on('SIGTERM', onSignal);
  return () => {
    source.off('SIGINT', onSignal);
    source.off('SIGTERM', onSignal);
  };
}
