/** An engine whose answers to requests a test scripts, while it stays findable: its model list and health answer by themselves. */

import { json, type Script, startUpstream, type UpstreamCall } from '../../gateway/support/upstream.ts';

export interface ScriptedEngine {
  readonly url: string;
  /** The requests it was sent, without those that only ask how it is. */
  readonly calls: readonly UpstreamCall[];
  /** What answers from now on. */
  script: Script;
  /** Whether its health page says that it is well. */
  isHealthy: boolean;
  readonly openSockets: number;
  close(): Promise<void>;
}

const MODEL_LIST = json({ object: 'list', data: [{ id: 'm', object: 'model' }] });
const UNHEALTHY = json({ status: 'unwell' }, 503);

export async function startScriptedEngine(script: Script): Promise<ScriptedEngine> {
  const upstream = await startUpstream((response, call) => {
    if (call.method === 'POST') engine.script(response, call);
    else if (engine.isHealthy) MODEL_LIST(response, call);
    else UNHEALTHY(response, call);
  });
  const engine: ScriptedEngine = {
    url: upstream.url,
    get calls() {
      return upstream.calls.filter(({ method }) => method === 'POST');
    },
    script,
    isHealthy: true,
    get openSockets() {
      return upstream.openSockets;
    },
    close: () => upstream.close(),
  };
  return engine;
}

/** A whole chat completion. */
export const ANSWER = json({
  id: 'c1',
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'fine' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1 },
});
