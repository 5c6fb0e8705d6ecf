import { describe, expect, it } from 'vitest';
import { FaultBoard, parseFault } from '../../engines/serving/index.ts';
import { bannerOf } from './banner.ts';
import { ENGINE_SOURCES } from './sources.ts';

const [simulated] = ENGINE_SOURCES;

async function banner(flags: object, faults: readonly string[] = []): Promise<string> {
  const opened = await simulated!.open({ simulate: 'llama-3-8b@h100', ...flags });
  const { active } = new FaultBoard(faults.map(parseFault));
  return bannerOf({ url: 'http://127.0.0.1:8000', dialect: 'sglang', opened, faults: active });
}

describe('the banner of an engine', () => {
  it('says where it is, what it serves, as whom, and that it is simulated', async () => {
    const text = await banner({ model: 'mine', speed: 20 });
    expect(text).toContain('simulated: no model runs here');
    expect(text).toContain('timed as llama-3-8b@h100, 20 times faster');
    expect(text).toContain('http://127.0.0.1:8000/v1');
    expect(text).toContain('mine, 131072 tokens of context');
    expect(text).toContain('sglang');
  });

  it('names the faults that are on', async () => {
    expect(await banner({}, ['slow:2', 'hang'])).toMatch(/fault +slow \{"factor":2\}\n +fault +hang/);
    expect(await banner({})).not.toContain('fault');
  });

  it('ends with a command line whose body is JSON', async () => {
    const body = /-d '(.*)'\n$/.exec(await banner({}))?.[1];
    expect(JSON.parse(body!)).toMatchObject({ model: 'llama-3-8b', messages: [{ role: 'user' }] });
  });
});
