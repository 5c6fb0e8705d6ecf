/** `signalbox explain ID`: why a request went where it went, and what came of it, as a table for people. */

import { Command } from 'commander';
import type { DecisionBody, DecisionListBody } from '../admin/index.ts';
import { askControl, type ControlAddress, ExplainError } from './explain/control-client.ts';
import { decisionText } from './explain/decision-text.ts';

export interface ExplainFlags {
  readonly control: string;
  readonly token?: string;
  readonly json?: boolean;
  readonly last?: boolean;
}

const TOKEN_VARIABLE = 'SIGNALBOX_CONTROL_TOKEN';
/** How many of the latest are named to who asks for one that is not there. */
const SHOWN_LATEST = 5;
/** Where nobody says how wide the output may be: neither a terminal nor the environment. */
const DEFAULT_WIDTH = 100;

export function explainCommand(): Command {
  return new Command('explain')
    .description('Show why a request went where it went, and what came of it.')
    .argument('[id]', "the decision's id, or its request's (the header x-signalbox-request-id)")
    .option('--last', 'the latest decision, without knowing its id')
    .option('--control <url>', 'the control listener', 'http://127.0.0.1:8081')
    .option('--token <token>', `its token, where it asks for one (default: $${TOKEN_VARIABLE})`)
    .option('--json', 'print what the control listener says, as JSON')
    .action(act);
}

async function act(id: string | undefined, flags: ExplainFlags, command: Command): Promise<void> {
  try {
    if ((id === undefined) === (flags.last !== true)) {
      throw new ExplainError('name one decision or request, or ask for the latest with --last');
    }
    const address = addressOf(flags);
    const decision = id === undefined ? await latestDecision(address) : await oneDecision(address, id);
    const text = flags.json ? `${JSON.stringify(decision, undefined, 2)}\n` : decisionText(decision, width());
    command.configureOutput().writeOut?.(text);
  } catch (error) {
    if (!(error instanceof ExplainError)) throw error;
    command.error(`error: ${error.message}`, { exitCode: 1 });
  }
}

function addressOf({ control, token = process.env[TOKEN_VARIABLE] }: ExplainFlags): ControlAddress {
  const isUrl = URL.canParse(control) && /^https?:$/.test(new URL(control).protocol);
  if (!isUrl)
    throw new ExplainError(`--control: found "${control}", allowed is a URL as in http://127.0.0.1:8081`);
  return { url: control.replace(/\/+$/, ''), token: token === '' ? undefined : token };
}

async function oneDecision(address: ControlAddress, id: string): Promise<DecisionBody> {
  const found = await askControl<DecisionBody>(address, `/admin/decisions/${encodeURIComponent(id)}`);
  if (found !== undefined) return found;
  const latest = await latestSummaries(address, SHOWN_LATEST);
  const lines = latest.map(
    ({ id: decisionId, model, instanceId, atMs }) =>
      `  ${decisionId}  ${model} to ${instanceId} at ${new Date(atMs).toISOString()}`,
  );
  const known = lines.length === 0 ? 'none was made yet' : `the latest are\n${lines.join('\n')}`;
  throw new ExplainError(`no decision or request "${id}" is remembered at ${address.url}; ${known}`);
}

async function latestDecision(address: ControlAddress): Promise<DecisionBody> {
  const [latest] = await latestSummaries(address, 1);
  if (latest === undefined) throw new ExplainError(`no decision was made yet at ${address.url}`);
  return oneDecision(address, latest.id);
}

async function latestSummaries(
  address: ControlAddress,
  limit: number,
): Promise<DecisionListBody['decisions']> {
  const list = await askControl<DecisionListBody>(address, `/admin/decisions?limit=${limit}`);
  return list?.decisions ?? [];
}

function width(): number {
  const columns = process.stdout.columns ?? Number(process.env.COLUMNS ?? Number.NaN);
  return Number.isInteger(columns) && columns > 0 ? columns : DEFAULT_WIDTH;
}
