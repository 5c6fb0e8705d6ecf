import { describe, expect, it } from 'vitest';
import { normaliseBaseUrl, pageUrl } from './urls.ts';

describe('normaliseBaseUrl', () => {
  it.each([
    ['http://10.0.0.5:8000', 'http://10.0.0.5:8000'],
    ['http://10.0.0.5:8000/', 'http://10.0.0.5:8000'],
    ['http://10.0.0.5:8000/v1', 'http://10.0.0.5:8000'],
    ['http://10.0.0.5:8000/v1/', 'http://10.0.0.5:8000'],
    ['https://gpu.example.org/llama/v1', 'https://gpu.example.org/llama'],
    ['https://gpu.example.org/llama//', 'https://gpu.example.org/llama'],
    ['http://host:8000/?a=b#c', 'http://host:8000'],
    ['http://HOST:80/', 'http://host'],
    ['http://[::1]:8000/v1', 'http://[::1]:8000'],
  ])('%s is %s', (text, expected) => {
    expect(normaliseBaseUrl(text)).toBe(expected);
  });

  it.each(['', 'localhost:8000', '10.0.0.5:8000', 'ftp://host', '/v1', 'http://', 'unix:/run/engine'])(
    'refuses %j and shows how an address looks',
    (text) => {
      expect(() => normaliseBaseUrl(text)).toThrow(
        `"${text}" is not an address of an engine; an example of one is`,
      );
    },
  );
});

describe('pageUrl', () => {
  it.each([
    ['http://h:8000', '/metrics', undefined, 'http://h:8000/metrics'],
    ['http://h:8000', 'metrics', undefined, 'http://h:8000/metrics'],
    ['http://h:8000/llama', '/metrics', undefined, 'http://h:8000/llama/metrics'],
    ['http://h:8000', '/metrics', 8002, 'http://h:8002/metrics'],
    ['http://h', '/metrics', 8002, 'http://h:8002/metrics'],
    ['https://h', '/stats?format=prometheus', undefined, 'https://h/stats?format=prometheus'],
  ])('%s and %s on port %s is %s', (base, path, port, expected) => {
    expect(pageUrl(base, path, port)).toBe(expected);
  });
});
