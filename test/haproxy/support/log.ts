/** What the example's log format tells of each request. */

export interface LogEntry {
  /** `engine-1`, or `<NOSRV>`. */
  readonly server: string;
  readonly status: number;
  /** From its first byte to the connection's being ready for the engine: our question lies in there. */
  readonly requestMs: number;
  /** The first letter tells who ended it, the second when; `--` when all went well. */
  readonly termination: string;
  readonly request: string;
  /** What Signalbox said, or why it said nothing; `-` when it was not asked. */
  readonly answer: string;
}

const LINE =
  /^\S+ [^/ ]+\/(?<server>\S+) (?<status>-?\d+) (?<requestMs>-?\d+)\/\S+ \d+ (?<termination>\S\S) "(?<request>[^"]*)" signalbox=(?<answer>.*)$/;

/** `undefined` for a line that tells of something else. */
export function parseLogLine(line: string): LogEntry | undefined {
  const groups = LINE.exec(line)?.groups;
  if (groups === undefined) return undefined;
  const { server, status, requestMs, termination, request, answer } = groups as Record<string, string>;
  return {
    server: server!,
    status: Number(status),
    requestMs: Number(requestMs),
    termination: termination!,
    request: request!,
    answer: answer!,
  };
}
