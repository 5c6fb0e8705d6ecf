import { describe, expect, it } from 'vitest';
import { compareConfigs, keysNeedingRestart, RESTART_KEYS } from './changes.ts';
import type { Config } from './config.ts';
import { configJsonSchema, schemasAt } from './json-schema.ts';
import { parseConfig } from './parse-config.ts';

function configOf(source: string): Config {
  const result = parseConfig(source);
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('\n'));
  return result.config;
}

const changeOf = (before: string, after: string) => compareConfigs(configOf(before), configOf(after));

describe('what changed', () => {
  it.each([
    ['nothing', 'seed: 1', 'seed: 1 # still', []],
    ['one value', '', 'queue: {maxRequests: 5}', ['queue.maxRequests']],
    ['several', 'logging: {level: warn}', 'queue: {maxTokens: 5}', ['logging.level', 'queue.maxTokens']],
    ['a list, as one value', '', 'instances: [{url: "http://a"}]', ['instances']],
    ['a value that came', '', 'seed: 1', ['seed']],
    ['a value that went', 'seed: 1', '', ['seed']],
    ['a name that came', '', 'models: {m: {priority: LOW}}', ['models.m']],
    ['a value written differently', 'policy: priority', 'policy: {name: priority}', []],
    [
      'a secret',
      'listeners: {control: {token: a}}',
      'listeners: {control: {token: b}}',
      ['listeners.control.token'],
    ],
    ['no secret', 'listeners: {control: {token: a}}', 'listeners: {control: {"token": "a"}}', []],
    [
      'a secret of an instance',
      'instances: [{url: "http://a", apiKey: a}]',
      'instances: [{url: "http://a", apiKey: b}]',
      ['instances'],
    ],
  ])('%s', (_what, before, after, changed) => {
    expect(changeOf(before, after).changed).toEqual(changed);
  });
});

describe('what needs a restart', () => {
  it('is told apart from what is taken over at once', () => {
    const after =
      'listeners: {data: {port: 1}}\nqueue: {maxRequests: 5}\nlimits: {maxBodyBytes: 5000, maxHeaderBytes: 5000}';
    expect(changeOf('', after).needsRestart).toEqual(['limits.maxHeaderBytes', 'listeners.data.port']);
  });

  it('is a key itself, or anything in it, and not what merely begins alike', () => {
    expect(keysNeedingRestart(['seed', 'reload.pollMs', 'seeds', 'decisions'])).toEqual([
      'seed',
      'reload.pollMs',
    ]);
  });

  it.each(RESTART_KEYS)('%s is a key of the schema', (key) => {
    expect(schemasAt(configJsonSchema(), key.split('.'))).not.toHaveLength(0);
  });
});
