import { describe, expect, it } from 'vitest';
import { formatPath, formatProblem, sortProblems } from './problem.ts';

describe('formatPath', () => {
  it.each([
    [[], ''],
    [['queue'], 'queue'],
    [['instances', 0, 'url'], 'instances[0].url'],
    [['aliases', 'gpt-4o', 1, 'model'], 'aliases.gpt-4o[1].model'],
    [['models', 'meta/llama 3', 'priority'], 'models["meta/llama 3"].priority'],
    [['$schema'], '$schema'],
    [[''], '[""]'],
  ])('%j is %j', (path, formatted) => {
    expect(formatPath(path)).toBe(formatted);
  });
});

describe('formatProblem', () => {
  const problem = { path: 'queue', line: 3, column: 5, message: 'queue is wrong' };

  it('names the file, the place and the mistake', () => {
    expect(formatProblem(problem, 'a.yaml')).toBe('a.yaml:3:5: queue is wrong');
  });

  it('ends with what was probably meant', () => {
    const hinted = { ...problem, suggestion: 'queues' };
    expect(formatProblem(hinted, 'a.yaml')).toBe('a.yaml:3:5: queue is wrong (did you mean queues?)');
  });
});

describe('sortProblems', () => {
  it('puts them in the order of the file and leaves the list as it was', () => {
    const at = (line: number, column: number) => ({ path: '', line, column, message: `${line}:${column}` });
    const problems = [at(3, 1), at(1, 9), at(1, 2)];
    expect(sortProblems(problems).map(({ message }) => message)).toEqual(['1:2', '1:9', '3:1']);
    expect(problems[0]?.line).toBe(3);
  });
});
