/**
 * Submits three tasks, waits for them and prints what came of each.
 *
 *   signalbox up -c examples/tasks/queue.yaml
 *   node examples/tasks/submit.ts
 */

import { argv, env, stdout } from 'node:process';
import { TaskClient } from '../../src/client/index.ts';

const QUESTIONS = ['What does a signal box do?', 'Who pulls the levers?', 'What is a block section?'];

export interface SubmitOptions {
  readonly control?: string;
  readonly token?: string | undefined;
  readonly model?: string;
}

export async function main({
  control = 'http://127.0.0.1:8081',
  token = env.SIGNALBOX_CONTROL_TOKEN,
  model = 'llama-3-8b',
}: SubmitOptions = {}): Promise<void> {
  const client = new TaskClient({ baseUrl: control, ...(token !== undefined && { token }) });
  const tasks = QUESTIONS.map((content) => ({
    input: { messages: [{ role: 'user', content }], max_tokens: 32 },
    metadata: { question: content },
    // Of no use after ten minutes; until then a failure that may pass is tried again five times.
    deadlineMs: Date.now() + 10 * 60_000,
    maxRetries: 5,
  }));
  // Once this returns, all three are stored: they outlive this program and a restart of the server.
  const submitted = await client.submitBatch(model, tasks);
  for (const { id } of submitted) {
    const task = await client.wait(id);
    const answer =
      task.state === 'completed' ? textOf(task.result) : `${task.state}: ${task.failure?.message}`;
    stdout.write(`${String(task.metadata.question)}\n  ${answer}\n`);
  }
}

/** A task on an OpenAI-compatible engine has the engine's answer as its result. */
function textOf(result: unknown): string {
  const { choices } = result as {
    readonly choices: readonly { readonly message: { readonly content: string } }[];
  };
  return choices[0]?.message.content ?? '';
}

if (import.meta.main) await main({ ...(argv[2] !== undefined && { control: argv[2] }) });
