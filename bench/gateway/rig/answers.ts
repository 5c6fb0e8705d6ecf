/** The requests that are sent and the bytes that the mock upstream answers with: the same through every contender. */

export const MODEL = 'bench-8b';

/** A frame of a stream is this long, so that it can be seen from any byte's place which frame it belongs to. */
const FRAME_TEXT_LENGTH = 6;

export const REQUEST_PATH = '/v1/chat/completions';

const QUESTION =
  'A user asks: which of the trains that leave before noon gets me to the coast without a change, what does the ' +
  'cheapest ticket cost with a discount card, and is there room for a bicycle? Answer in two short sentences.';

/** How the frames of a stream follow each other. */
export const PACES = [
  /** Each one when the one before it has come through: as fast as the contender can, none of them joined. */
  'closed',
  /** One of every stream at each step of the engine, as an engine that decodes a batch sends them. */
  'step',
  /** The first one, and then nothing. */
  'hold',
] as const;
export type Pace = (typeof PACES)[number];

export interface StreamOrder {
  readonly id: number;
  readonly frames: number;
  readonly pace: Pace;
}

/** The body of a small request that is not streamed. */
export const SMALL_REQUEST_BODY = JSON.stringify({
  model: MODEL,
  messages: [
    { role: 'system', content: 'You are a railway clerk. Be brief and exact.' },
    { role: 'user', content: QUESTION },
  ],
  temperature: 0.2,
  max_tokens: 64,
});

/** The body of a request for a stream; what the mock is to do travels in the prompt, which every gateway passes on. */
export function streamRequestBody({ id, frames, pace }: StreamOrder): string {
  return JSON.stringify({
    model: MODEL,
    messages: [{ role: 'user', content: `${QUESTION} stream=${id} frames=${frames} pace=${pace}.` }],
    temperature: 0.2,
    max_tokens: frames,
    stream: true,
  });
}

/** What `streamRequestBody` put there, from the request as it arrived; `undefined` for one that is not streamed. */
export function readStreamOrder(request: string): StreamOrder | undefined {
  const match = /stream=(\d+) frames=(\d+) pace=(\w+)/.exec(request);
  if (match === null) return undefined;
  const pace = PACES.find((known) => known === match[3]);
  if (pace === undefined) throw new Error(`pace: found "${match[3]}", allowed are ${PACES.join(', ')}`);
  return { id: Number(match[1]), frames: Number(match[2]), pace };
}

const CREATED_SECONDS = 1_790_000_000;

export const SMALL_ANSWER = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: CREATED_SECONDS,
  model: MODEL,
  choices: [
    {
      index: 0,
      message: {
        role: 'assistant',
        content: 'The 9:12 runs through and takes bicycles. With a card the cheapest ticket is 19.90.',
      },
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 68, completion_tokens: 24, total_tokens: 92 },
});

/** One event of a stream, told apart from all others by its number. */
export function frame(index: number): string {
  const content = ` ${String(index).padStart(FRAME_TEXT_LENGTH - 1, '0')}`;
  const choices = [{ index: 0, delta: { content }, finish_reason: null }];
  const chunk = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: CREATED_SECONDS };
  return `data: ${JSON.stringify({ ...chunk, model: MODEL, choices })}\n\n`;
}

/** What closes a stream: the reason why it finished, and the end. */
export const LAST_FRAMES = [
  `data: ${JSON.stringify({
    id: 'chatcmpl-bench',
    object: 'chat.completion.chunk',
    created: CREATED_SECONDS,
    model: MODEL,
    choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
  })}\n\n`,
  'data: [DONE]\n\n',
];

/** The whole body of a stream of so many frames. */
export function streamBody(frames: number): Buffer {
  const texts = Array.from({ length: frames }, (_, index) => frame(index));
  return Buffer.from([...texts, ...LAST_FRAMES].join(''));
}

/** The pages by which a gateway finds out what the upstream is and how it is doing: vLLM's. */
export const PAGES: Readonly<Record<string, { readonly type: string; readonly body: string }>> = {
  '/health': { type: 'text/plain', body: '' },
  '/version': { type: 'application/json', body: '{"version":"0.11.0"}' },
  '/v1/models': {
    type: 'application/json',
    body: JSON.stringify({
      object: 'list',
      data: [{ id: MODEL, object: 'model', created: CREATED_SECONDS, owned_by: 'vllm', max_model_len: 8192 }],
    }),
  },
  '/metrics': {
    type: 'text/plain; version=0.0.4; charset=utf-8',
    body: [
      ['num_requests_running', 3],
      ['num_requests_waiting', 0],
      ['kv_cache_usage_perc', 0.12],
    ]
      .map(([name, value]) => `# TYPE vllm:${name} gauge\nvllm:${name}{model_name="${MODEL}"} ${value}\n`)
      .join(''),
  },
};
