/** Keeps a number of streams going, and checks every byte of each. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from '../contender.ts';
import { cpuMicroseconds } from '../machine/proc-stat.ts';
import { LAST_FRAMES, type Pace, streamBody, streamRequestBody } from './answers.ts';
import { Client, type ClientListener, requestBytes } from './client.ts';
import { FrameCounter } from './frame-counter.ts';
import { nextStreamId } from './stream-ids.ts';
import type { Upstream } from './upstream.ts';

export interface StreamLoadOptions {
  readonly target: Target;
  readonly streams: number;
  /** Events of one stream, those that close it not counted. When it is over, the connection asks for another. */
  readonly frames: number;
  readonly pace: Pace;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Whose CPU time to measure. */
  readonly pids: readonly number[];
}

export interface StreamLoadResult {
  /** Events that came while it was measured, and what else happened meanwhile. */
  readonly chunks: number;
  readonly seconds: number;
  readonly cpuMicros: number;
  /** Streams that were begun, in all. */
  readonly streams: number;
  /** Events that should have come and did not, of all streams. */
  readonly framesLost: number;
  /** Streams in which some byte was not the one that was sent. */
  readonly streamsAltered: number;
  /** What went wrong, each kind once. */
  readonly failures: readonly string[];
}

/** Streams may take this long to end once no more are begun. */
const END_TIMEOUT_MS = 20_000;

export async function runStreamLoad(
  options: StreamLoadOptions,
  upstream: Upstream,
): Promise<StreamLoadResult> {
  const tally = new Tally(streamBody(options.frames), options.frames + LAST_FRAMES.length);
  const players = Array.from({ length: options.streams }, () => new Player(options, upstream, tally));
  await Promise.all(players.map((player) => player.start()));
  await sleep(options.warmUpSeconds * 1000);
  const before = { chunks: tally.chunks, cpu: cpuMicroseconds(options.pids), ms: performance.now() };
  await sleep(options.seconds * 1000);
  const measured = {
    chunks: tally.chunks - before.chunks,
    seconds: (performance.now() - before.ms) / 1000,
    cpuMicros: cpuMicroseconds(options.pids) - before.cpu,
  };
  for (const player of players) player.finish();
  const deadlineMs = performance.now() + END_TIMEOUT_MS;
  while (players.some(({ isPlaying }) => isPlaying) && performance.now() < deadlineMs) await sleep(20);
  for (const player of players) player.close();
  const { streams, framesLost, streamsAltered, failures } = tally;
  return { ...measured, streams, framesLost, streamsAltered, failures: [...failures] };
}

class Tally {
  readonly expected: Buffer;
  readonly framesPerStream: number;
  readonly failures = new Set<string>();
  chunks = 0;
  streams = 0;
  framesLost = 0;
  streamsAltered = 0;

  constructor(expected: Buffer, framesPerStream: number) {
    this.expected = expected;
    this.framesPerStream = framesPerStream;
  }

  onStreamOver(counter: FrameCounter): void {
    this.framesLost += Math.max(0, this.framesPerStream - counter.frames);
    if (!counter.isIdentical) this.streamsAltered += 1;
  }
}

/** One connection on which one stream follows the other. */
class Player implements ClientListener {
  readonly #options: StreamLoadOptions;
  readonly #upstream: Upstream;
  readonly #tally: Tally;
  #client: Client | undefined;
  #counter: FrameCounter | undefined;
  #streamId = 0;
  #status = 0;
  #isFinishing = false;

  constructor(options: StreamLoadOptions, upstream: Upstream, tally: Tally) {
    this.#options = options;
    this.#upstream = upstream;
    this.#tally = tally;
  }

  /** Whether a stream is under way. */
  get isPlaying(): boolean {
    return this.#counter !== undefined;
  }

  async start(): Promise<void> {
    this.#client = await Client.open(this.#options.target);
    this.#next();
  }

  /** Lets the stream come to its end, and begins no other. */
  finish(): void {
    this.#isFinishing = true;
  }

  /** Cuts what is still under way, and counts it as lost. */
  close(): void {
    if (this.isPlaying) this.onFailure(`a stream was not over ${END_TIMEOUT_MS} ms after the measurement`);
    this.#client?.close();
  }

  onHead(status: number): void {
    this.#status = status;
    if (status !== 200) this.#tally.failures.add(`status ${status}`);
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    const counter = this.#counter!;
    if (this.#status !== 200)
      this.#tally.failures.add(bytes.toString('utf8', start, Math.min(end, start + 200)));
    const before = counter.frames;
    counter.push(bytes, start, end);
    const came = counter.frames - before;
    this.#tally.chunks += came;
    if (this.#options.pace !== 'closed') return;
    for (let frames = 0; frames < came; frames += 1) this.#upstream.advance(this.#streamId);
  }

  onEnd(): void {
    this.#tally.onStreamOver(this.#counter!);
    this.#counter = undefined;
    if (!this.#isFinishing && this.#tally.failures.size === 0) this.#next();
  }

  onFailure(reason: string): void {
    this.#tally.failures.add(reason);
    if (this.#counter !== undefined) this.#tally.onStreamOver(this.#counter);
    this.#counter = undefined;
  }

  #next(): void {
    const { target, frames, pace } = this.#options;
    this.#streamId = nextStreamId();
    this.#tally.streams += 1;
    this.#counter = new FrameCounter(this.#tally.expected);
    this.#client!.send(requestBytes(target, streamRequestBody({ id: this.#streamId, frames, pace })), this);
  }
}
