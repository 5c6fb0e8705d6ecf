/** OpenAI's batch API as its own client uses it, against the whole house. */

import OpenAI, { toFile } from 'openai';
import { describe, expect, it } from 'vitest';
import { MODEL } from '../up/support/requests.ts';
import { taskHouse } from './support/house.ts';

const house = taskHouse();

const aLine = (customId: string, fields: object = {}): string =>
  JSON.stringify({
    custom_id: customId,
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model: MODEL, messages: [{ role: 'user', content: customId }], max_tokens: 4 },
    ...fields,
  });

const aClient = () => new OpenAI({ baseURL: `${house().dataUrl}/v1`, apiKey: 'none', maxRetries: 0 });

async function upload(client: OpenAI, lines: readonly string[]): Promise<string> {
  const file = await toFile(Buffer.from(lines.join('\n')), 'input.jsonl');
  return (await client.files.create({ file, purpose: 'batch' })).id;
}

async function aBatch(client: OpenAI, lines: readonly string[]): Promise<OpenAI.Batches.Batch> {
  return client.batches.create({
    input_file_id: await upload(client, lines),
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
    metadata: { night: 'one' },
  });
}

async function ended(client: OpenAI, id: string): Promise<OpenAI.Batches.Batch> {
  for (;;) {
    const batch = await client.batches.retrieve(id);
    if (['completed', 'failed', 'cancelled', 'expired'].includes(batch.status)) return batch;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function linesIn(client: OpenAI, fileId: string): Promise<readonly Record<string, unknown>[]> {
  const text = await (await client.files.content(fileId)).text();
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('client.batches', () => {
  it('runs a batch to its end: every line answered under its own id', async () => {
    const client = aClient();
    const ids = Array.from({ length: 40 }, (_, index) => `line-${index}`);
    const batch = await aBatch(
      client,
      ids.map((id) => aLine(id)),
    );
    expect(batch).toMatchObject({ object: 'batch', status: 'validating', metadata: { night: 'one' } });

    const over = await ended(client, batch.id);
    expect(over).toMatchObject({
      status: 'completed',
      request_counts: { total: 40, completed: 40, failed: 0 },
      error_file_id: null,
      errors: null,
    });
    const answers = await linesIn(client, over.output_file_id!);
    expect(answers.map(({ custom_id }) => custom_id).toSorted()).toEqual(ids.toSorted());
    for (const { response, error } of answers) {
      expect(error).toBeNull();
      expect(response).toMatchObject({ status_code: 200, body: { object: 'chat.completion' } });
    }
    expect((await client.batches.list({ limit: 1 })).data.map(({ id }) => id)).toEqual([batch.id]);
  });

  it('refuses a batch whole where a line is wrong, and names each', async () => {
    const client = aClient();
    const lines = [
      aLine('a'),
      '{broken',
      aLine('a'),
      aLine('b', { url: '/v1/embeddings' }),
      aLine('c', { body: { messages: [] } }),
      JSON.stringify({ method: 'POST' }),
    ];
    const over = await ended(client, (await aBatch(client, lines)).id);
    expect(over.status).toBe('failed');
    expect(over.errors?.data?.map(({ code, line }) => [line, code])).toEqual([
      [2, 'invalid_json_line'],
      [3, 'duplicate_custom_id'],
      [4, 'invalid_url'],
      [5, 'missing_required_parameter'],
      [6, 'missing_required_parameter'],
    ]);
  });

  it('tells what failed in a file of its own', async () => {
    const client = aClient();
    const wrong = { body: { model: MODEL, messages: 'no messages', max_tokens: 4 } };
    const over = await ended(client, (await aBatch(client, [aLine('good'), aLine('bad', wrong)])).id);
    expect(over).toMatchObject({
      status: 'completed',
      request_counts: { total: 2, completed: 1, failed: 1 },
    });
    const [bad, ...others] = await linesIn(client, over.error_file_id!);
    expect([bad, others]).toMatchObject([
      { custom_id: 'bad', response: null, error: { code: 'rejected' } },
      [],
    ]);
    expect(await linesIn(client, over.output_file_id!)).toMatchObject([{ custom_id: 'good' }]);
  });

  it('waits for a model that nobody serves, and ends when it is cancelled', async () => {
    const client = aClient();
    const body = { model: 'nobody-has-it', messages: [{ role: 'user', content: 'x' }] };
    const batch = await aBatch(client, [aLine('waits', { body })]);
    const cancelling = await client.batches.cancel(batch.id);
    expect(['cancelling', 'cancelled']).toContain(cancelling.status);
    const over = await ended(client, batch.id);
    expect(over).toMatchObject({ status: 'cancelled', request_counts: { completed: 0, failed: 0 } });
    await expect(client.batches.cancel(batch.id)).resolves.toMatchObject({ status: 'cancelled' });
  });

  it.each([
    [{ endpoint: '/v1/nothing' }, /endpoint: found/],
    [{ completion_window: 'soon' }, /completion_window: found/],
    [{ input_file_id: 'file-none' }, /No such File/],
    [{ metadata: { a: 1 } }, /metadata: found/],
  ])('says what is wrong with %j', async (fields, message) => {
    const client = aClient();
    const wish = {
      input_file_id: await upload(client, [aLine('a')]),
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
      ...fields,
    } as OpenAI.Batches.BatchCreateParams;
    await expect(client.batches.create(wish)).rejects.toThrow(message);
  });
});

describe('client.files', () => {
  it('keeps, lists, gives back and deletes', async () => {
    const client = aClient();
    const content = Buffer.alloc(700_000, 'abc\n');
    const file = await client.files.create({ file: await toFile(content, 'big.jsonl'), purpose: 'batch' });
    expect(file).toMatchObject({ object: 'file', bytes: 700_000, filename: 'big.jsonl', purpose: 'batch' });
    const second = await upload(client, [aLine('a')]);
    const listed: string[] = [];
    for await (const { id } of client.files.list({ limit: 1 })) listed.push(id);
    expect(listed.slice(0, 2)).toEqual([second, file.id]);
    const back = Buffer.from(await (await client.files.content(file.id)).arrayBuffer());
    expect(back.equals(content)).toBe(true);
    expect(await client.files.delete(file.id)).toMatchObject({ id: file.id, deleted: true });
    await expect(client.files.retrieve(file.id)).rejects.toThrow(/No such File/);
  });

  it('takes no body that is no form, no form without a file, and no other purpose', async () => {
    const client = aClient();
    const url = `${client.baseURL}/files`;
    const post = async (body: NonNullable<RequestInit['body']>, headers = {}) =>
      (await fetch(url, { method: 'POST', body, headers })).status;
    expect(await post('{}', { 'content-type': 'application/json' })).toBe(415);
    const form = new FormData();
    form.set('purpose', 'batch');
    expect(await post(form)).toBe(400);
    form.set('file', new Blob(['x']), 'x');
    form.set('purpose', 'nothing');
    expect(await post(form)).toBe(400);
    expect((await fetch(url, { method: 'PUT' })).status).toBe(405);
  });
});
