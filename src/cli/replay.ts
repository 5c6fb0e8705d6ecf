/** `signalbox replay`: sends a recorded workload to a target and tells how it did. */

import { Command } from 'commander';
import { TRACE_FORMATS } from '../simulator/index.ts';
import { API_KEY_ENV, ENDPOINTS, parseReplayOptions, type RawReplayOptions } from './replay/options.ts';
import { EXIT_CODES, ReplayError } from './replay/replay-error.ts';
import { runReplay } from './replay/run.ts';
import { interruptOnSignals } from './replay/signals.ts';
import { DEFAULT_SLO } from './replay/slo.ts';

export function replayCommand(): Command {
  const formats = TRACE_FORMATS.map((format) => format.name).join(', ');
  return new Command('replay')
    .description('send a recorded trace to an OpenAI-compatible target at its own arrival times')
    .requiredOption('--trace <file>', 'the trace to send')
    .option('--target <url>', 'where to send it', 'http://127.0.0.1:8080')
    .option('--speed <factor>', 'times faster than the trace (default: 1)')
    .option('--limit <n>', 'send only so many requests')
    .option('--skip, --offset <n>', 'leave out so many requests at the beginning')
    .option('--concurrency <n>', 'at most so many in flight (default: as many as the trace makes)')
    .option('--model <name>', "the model to ask for (default: the target's first)")
    .option('--no-model-check', 'send the model even if the target does not list it')
    .option('--endpoint <name>', `which API: ${ENDPOINTS.join(', ')} (default: chat)`)
    .option('--format <name>', `format of the trace: ${formats} (default: recognised)`)
    .option('--raw', 'keep coarse equal stamps together instead of spreading them')
    .option('--block-tokens <n>', 'tokens per prefix id of the trace (default: 512)')
    .option('--max-broken <share>', 'share of broken lines to put up with (default: 1%)')
    .option('--max-tokens-cap <n>', 'ask for at most so many output tokens')
    .option('--prompt-tokens-cap <n>', 'shorten prompts to so many tokens')
    .option('--no-ignore-eos', 'let answers end by themselves')
    .option('--seed <n>', 'the same seed makes the same prompts (default: drawn)')
    .option('--slo <bounds>', 'what counts as good: ttft, tpot, e2e', DEFAULT_SLO)
    .option('--timeout <duration>', 'for each whole request (default: 600s)')
    .option('--api-key <key>', `sent as bearer token (default: $${API_KEY_ENV})`)
    .option('--header <name: value>', 'a further request header; may be repeated', collect)
    .option('--json <file>', 'write the whole report as JSON')
    .action(act);
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

async function act(raw: RawReplayOptions): Promise<void> {
  const interrupt = new AbortController();
  const stopListening = interruptOnSignals(process, interrupt);
  try {
    const options = parseReplayOptions(raw, process.env);
    const { stdout, stderr } = process;
    const report = await runReplay(options, { stdout, stderr, interrupt: interrupt.signal });
    if (report.requests.completed === 0) process.exitCode ??= EXIT_CODES.failure;
  } catch (error) {
    if (!(error instanceof ReplayError)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    process.exitCode ??= error.exitCode;
  } finally {
    stopListening();
  }
}
