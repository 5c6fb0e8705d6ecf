import { describe, expect, it } from 'vitest';
import { aRequest } from './__fixtures__/profiles.ts';
import { type Batch, type BatchLimits, BatchScheduler } from './batch-scheduler.ts';
import { BlockPool } from './block-pool.ts';
import { createSequence, type ModelRequest, type Sequence } from './sequence.ts';

const LIMITS: BatchLimits = { blockTokens: 16, maxBatchedTokens: 100, maxSequences: 8, prefixCaching: true };

/** A scheduler over `blocks` blocks with these requests waiting. */
function aScheduler(blocks: number, requests: readonly ModelRequest[], limits: Partial<BatchLimits> = {}) {
  const pool = new BlockPool(blocks);
  const scheduler = new BatchScheduler(pool, { ...LIMITS, ...limits });
  const sequences = new Map(requests.map((request) => [request.id, createSequence(request)]));
  for (const sequence of sequences.values()) scheduler.waiting.push(sequence);
  return { pool, scheduler, of: (id: string) => sequences.get(id)! };
}

/** Does to the sequences what one step of the batch does. */
function compute(scheduler: BatchScheduler, batch: Batch): void {
  const emit = (sequence: Sequence) => {
    if (sequence.computedTokens === sequence.promptTokens + sequence.emittedTokens) sequence.emittedTokens++;
  };
  for (const sequence of batch.decodes) {
    sequence.computedTokens++;
    emit(sequence);
    scheduler.shareComputed(sequence);
  }
  for (const { sequence, tokens } of batch.chunks) {
    sequence.computedTokens += tokens;
    emit(sequence);
    scheduler.shareComputed(sequence);
  }
}

function step(scheduler: BatchScheduler): Batch {
  const batch = scheduler.next();
  compute(scheduler, batch);
  return batch;
}

const ids = (sequences: readonly Sequence[]) => sequences.map(({ id }) => id);
const sizes = (batch: Batch) =>
  batch.chunks.map(({ sequence, contextTokens, tokens }) => [sequence.id, contextTokens, tokens]);

describe('the batch of a step', () => {
  it('is empty where nobody waits', () => {
    expect(aScheduler(4, []).scheduler.next()).toEqual({
      decodes: [],
      chunks: [],
      admitted: [],
      preempted: [],
    });
  });

  it('admits in order of arrival and cuts the last prompt to the budget', () => {
    const { scheduler } = aScheduler(64, [
      aRequest({ id: 'a', promptTokens: 40 }),
      aRequest({ id: 'b', promptTokens: 80 }),
      aRequest({ id: 'c', promptTokens: 5 }),
    ]);
    expect(sizes(step(scheduler))).toEqual([
      ['a', 0, 40],
      ['b', 0, 60],
    ]);
    const second = step(scheduler);
    expect(ids(second.decodes)).toEqual(['a']);
    expect(sizes(second)).toEqual([
      ['b', 60, 20],
      ['c', 0, 5],
    ]);
  });

  it('gives decodes their token before any prompt, even when that leaves nothing', () => {
    const requests = ['a', 'b', 'c'].map((id) => aRequest({ id, promptTokens: 2, outputTokens: 9 }));
    const { scheduler } = aScheduler(64, requests, { maxBatchedTokens: 2 });
    expect([step(scheduler), step(scheduler), step(scheduler)].map(sizes)).toEqual([
      [['a', 0, 2]],
      [['b', 0, 1]],
      [['b', 1, 1]],
    ]);
    const fourth = step(scheduler);
    expect(ids(fourth.decodes)).toEqual(['a', 'b']);
    expect(fourth.chunks).toEqual([]);
    expect(scheduler.waiting.length).toBe(1);
  });

  it('takes blocks for a prompt chunk by chunk, although it asks for all of them to be free', () => {
    const { scheduler, pool } = aScheduler(10, [aRequest({ id: 'a', promptTokens: 160 })]);
    step(scheduler);
    expect(pool.usedBlocks).toBe(7);
    const tight = aScheduler(9, [aRequest({ id: 'a', promptTokens: 160 })]);
    expect(tight.scheduler.next().admitted).toEqual([]);
  });

  it('counts cached blocks that nobody uses as taken when it looks for room', () => {
    const blockKeys = [1, 2, 3, 4];
    const { scheduler, of } = aScheduler(6, [
      aRequest({ id: 'a', promptTokens: 64, outputTokens: 1, blockKeys }),
    ]);
    step(scheduler);
    scheduler.retire(() => true);
    scheduler.waiting.push(createSequence(aRequest({ id: 'b', promptTokens: 112, blockKeys })));
    expect(scheduler.next().admitted).toEqual([]);
    scheduler.waiting.peek();
    scheduler.waiting.take();
    scheduler.waiting.push(createSequence(aRequest({ id: 'c', promptTokens: 96, blockKeys })));
    expect(ids(scheduler.next().admitted)).toEqual(['c']);
    expect(of('a').blocks).toEqual([]);
  });
});

describe('preemption', () => {
  /** Two requests that fill four blocks and need a fifth with their 33rd token. */
  const two = () => ['old', 'young'].map((id) => aRequest({ id, promptTokens: 32, outputTokens: 9 }));

  it('takes the youngest, puts it at the head of the line and admits nobody in that step', () => {
    const { scheduler, pool, of } = aScheduler(4, two());
    step(scheduler);
    scheduler.waiting.push(createSequence(aRequest({ id: 'tiny', promptTokens: 1 })));
    const batch = step(scheduler);
    expect(ids(batch.preempted)).toEqual(['young']);
    expect(ids(batch.decodes)).toEqual(['old']);
    expect(batch.admitted).toEqual([]);
    expect(scheduler.waiting.peek()?.id).toBe('young');
    expect(of('young').blocks).toEqual([]);
    expect(pool.usedBlocks).toBe(3);
  });

  it('takes the one in need itself when it is the youngest', () => {
    const requests = [
      aRequest({ id: 'old', promptTokens: 20, outputTokens: 9 }),
      aRequest({ id: 'young', promptTokens: 32, outputTokens: 9 }),
    ];
    const { scheduler } = aScheduler(4, requests);
    step(scheduler);
    const batch = step(scheduler);
    expect([ids(batch.decodes), ids(batch.preempted)]).toEqual([['old'], ['young']]);
    expect(ids(scheduler.running)).toEqual(['old']);
  });

  it('takes as many as it must', () => {
    const requests = [
      aRequest({ id: 'a', promptTokens: 16, outputTokens: 90 }),
      aRequest({ id: 'b', promptTokens: 16, outputTokens: 90 }),
      aRequest({ id: 'c', promptTokens: 16, outputTokens: 90 }),
    ];
    const { scheduler } = aScheduler(3, requests);
    step(scheduler);
    const batch = step(scheduler);
    expect(ids(batch.preempted)).toEqual(['c', 'b']);
    expect(ids(batch.decodes)).toEqual(['a']);
    expect(ids([scheduler.waiting.peek()!])).toEqual(['b']);
  });
});

describe('how long a batch stays as it is', () => {
  it.each([
    ['until the first is finished', 64, { outputTokens: 7 }, {}, 6],
    ['until blocks run out', 3, { outputTokens: 90 }, {}, 32],
    ['until a block is full that others may want', 64, { outputTokens: 90, blockKeys: [1, 2, 3] }, {}, 16],
    [
      'not so where nothing is shared',
      64,
      { outputTokens: 90, blockKeys: [1, 2, 3] },
      { prefixCaching: false },
      89,
    ],
  ])('%s', (_, blocks, changes, limits, steps) => {
    const { scheduler } = aScheduler(blocks, [aRequest({ id: 'a', promptTokens: 16, ...changes })], limits);
    step(scheduler);
    const batch = scheduler.next();
    expect(ids(batch.decodes)).toEqual(['a']);
    expect(scheduler.unchangedSteps(batch)).toBe(steps);
  });

  it('is one step while a prompt is computed or somebody was thrown out', () => {
    const { scheduler } = aScheduler(64, [aRequest({ id: 'a', promptTokens: 16, outputTokens: 90 })]);
    expect(scheduler.unchangedSteps(step(scheduler))).toBe(1);
    const batch = scheduler.next();
    expect(scheduler.unchangedSteps({ ...batch, preempted: batch.decodes })).toBe(1);
  });
});

describe('retiring', () => {
  it('frees the blocks of those who are done and keeps the order of the others', () => {
    const requests = ['a', 'b', 'c'].map((id) => aRequest({ id, promptTokens: 16 }));
    const { scheduler, pool } = aScheduler(64, requests);
    step(scheduler);
    scheduler.retire(({ id }) => id === 'b');
    expect(ids(scheduler.running)).toEqual(['a', 'c']);
    expect(pool.usedBlocks).toBe(2);
    scheduler.retire(() => false);
    expect(ids(scheduler.running)).toEqual(['a', 'c']);
  });
});
