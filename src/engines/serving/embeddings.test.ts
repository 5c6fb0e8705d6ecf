import { describe, expect, it } from 'vitest';
import { aServer, MODEL, post } from './__fixtures__/serving.ts';

interface EmbeddingAnswer {
  object: string;
  data: { index: number; object: string; embedding: number[] | string }[];
  usage: { prompt_tokens: number; total_tokens: number };
}

async function embed(body: object): Promise<EmbeddingAnswer> {
  const { url } = await aServer();
  return (await (await post(`${url}/v1/embeddings`, { model: MODEL, ...body })).json()) as EmbeddingAnswer;
}

describe('embeddings', () => {
  it('of one text are one unit vector, the same each time', async () => {
    const [first, second] = [await embed({ input: 'hello you' }), await embed({ input: 'hello you' })];
    const vector = first.data[0]!.embedding as number[];
    expect(first).toMatchObject({
      object: 'list',
      data: [{ object: 'embedding', index: 0 }],
      usage: { prompt_tokens: 3, total_tokens: 3 },
    });
    expect(Math.hypot(...vector)).toBeCloseTo(1, 9);
    expect(second.data).toEqual(first.data);
  });

  it('of several texts come in their order', async () => {
    const { data, usage } = await embed({ input: ['aaaa', 'bbbb', 'aaaa'] });
    expect(data.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(data[2]!.embedding).toEqual(data[0]!.embedding);
    expect(data[1]!.embedding).not.toEqual(data[0]!.embedding);
    expect(usage.prompt_tokens).toBe(3);
  });

  it('of token ids, alone and in a list', async () => {
    expect((await embed({ input: [1, 2, 3] })).usage.prompt_tokens).toBe(3);
    expect((await embed({ input: [[1, 2, 3], [4]] })).data).toHaveLength(2);
  });

  it('in base64 are the same numbers as 32-bit floats', async () => {
    const plain = (await embed({ input: 'x' })).data[0]!.embedding as number[];
    const coded = (await embed({ input: 'x', encoding_format: 'base64' })).data[0]!.embedding as string;
    const bytes = Buffer.from(coded, 'base64');
    const numbers = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    expect([...numbers]).toEqual(plain.map(Math.fround));
  });

  it.each([
    ['no input', {}, /'input' must be/],
    ['an empty list', { input: [] }, /'input' must be/],
    ['an empty text in a list', { input: ['a', ''] }, /'input\[1\]' must be/],
    ['another encoding', { input: 'x', encoding_format: 'hex' }, /'encoding_format' must be/],
    ['another size', { input: 'x', dimensions: 5 }, /'dimensions' is not supported/],
  ])('with %s are refused', async (_, body, message) => {
    const { url } = await aServer();
    const response = await post(`${url}/v1/embeddings`, body);
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(message);
  });
});
