import { describe, expect, it } from 'vitest';
import { parseWrkOutput } from './wrk.ts';

const LINE = '{"requests":1200,"microseconds":1000123,"failedConnections":0,"failedStatus":3,"timeouts":1}';

describe('what wrk prints', () => {
  it('ends with the line that the script adds', () => {
    const output = `Running 1s test @ http://127.0.0.1:1\n  1 threads\nRequests/sec:   1200\n\n${LINE}\n`;
    expect(parseWrkOutput(output)).toEqual({
      requests: 1200,
      microseconds: 1_000_123,
      failedConnections: 0,
      failedStatus: 3,
      timeouts: 1,
    });
  });

  it.each(['', 'unable to connect to 127.0.0.1:1 Connection refused\n'])(
    'without that line is an error that carries what it said: "%s"',
    (output) => {
      expect(() => parseWrkOutput(output)).toThrow(`wrk did not say what it counted: ${output.trim()}`);
    },
  );
});
