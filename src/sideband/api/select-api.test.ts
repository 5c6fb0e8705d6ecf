import { describe, expect, it } from 'vitest';
import { anApi, bodyOf, named, said, tell } from '../__fixtures__/pools.ts';
import type { ApiAnswer } from './answer.ts';

const NO_QUERY = new URLSearchParams();
const PATH = { pool: 'p', partition: 'Common' };
const query = (text: string) => new URLSearchParams(text);
const bodyFrom = (answer: ApiAnswer) => JSON.parse(answer.body);

describe('select', () => {
  it('answers bare text', () => {
    const { api } = anApi([said(0, 0.2)]);
    expect(api.select({ body: bodyOf(named(1)) })).toEqual({
      status: 200,
      contentType: 'text/plain; charset=utf-8',
      body: '10.0.0.1:8001',
    });
  });

  it.each([
    [{ pool_name: '', partition: '' }, 'pool_name cannot be empty'],
    [{ partition: '' }, 'partition cannot be empty'],
    [{ members: [] }, 'members cannot be empty'],
  ])('refuses the empty fields of %j', (fields, message) => {
    const answer = anApi().api.select({ body: bodyOf(named(1), fields) });
    expect([answer.status, bodyFrom(answer)]).toEqual([400, { detail: message }]);
  });

  it('gives the reason to those who ask for it, in ASCII', () => {
    const { api } = anApi([said(0, 0.2)], { fields: { engine: 'xinference' } });
    const body = bodyOf(named(1), { model: 'löwe\r\nx: y' });
    const { headers } = api.select({ body, wantsReason: true });
    expect(headers?.['x-signalbox-decision']).toBe('sel-1');
    expect(headers?.['x-signalbox-reason']).toBe(String.raw`no member has the model "l?we\r\nx: y"`);
  });

  it('is remembered with its candidates', () => {
    const { api } = anApi();
    for (let i = 0; i < 3; i++) api.select({ body: bodyOf(named(1, 2)) });
    const { decisions } = bodyFrom(api.decisions(query('limit=2')));
    expect(decisions.map(({ id }: { id: string }) => id)).toEqual(['sel-3', 'sel-2']);
    expect(bodyFrom(api.decision('sel-1'))).toMatchObject({ id: 'sel-1', candidateCount: 2 });
    expect(api.decision('sel-9').status).toBe(404);
    for (const limit of ['0', 'x', '1001']) expect(api.decisions(query(`limit=${limit}`)).status).toBe(422);
  });
});

describe('the status of pools', () => {
  it('shows scores and shares', () => {
    const { api } = anApi();
    const status = bodyFrom(api.poolStatus(PATH, NO_QUERY));
    expect(status).toMatchObject({ name: 'p', partition: 'Common', engine_type: 'vllm', member_count: 2 });
    expect(status.members[0]).toEqual({
      ip: '10.0.0.1',
      port: 8001,
      score: 0.9,
      percent: 81.82,
      metrics: said(0, 0.2),
      detected_variant: null,
    });
    expect(bodyFrom(api.allStatus())).toEqual({ pools: [status] });
  });

  it('shows 0 for a member that is not chosen any more', () => {
    const { api, clock } = anApi();
    expect(api.poolStatus(PATH, query('simple')).body).toBe('10.0.0.1:8001 0.9000\n10.0.0.2:8002 0.2000');
    clock.advance(10_001);
    expect(api.poolStatus(PATH, query('simple=')).body).toBe('10.0.0.1:8001 0.0000\n10.0.0.2:8002 0.0000');
    expect(bodyFrom(api.poolStatus(PATH, NO_QUERY)).members[0].percent).toBe(0);
  });

  it('does not know other pools', () => {
    const answer = anApi().api.poolStatus({ pool: 'x', partition: 'y' }, NO_QUERY);
    expect([answer.status, bodyFrom(answer)]).toEqual([404, { detail: 'Pool x:y does not exist' }]);
  });

  it('tells in detail how old everything is and why a member is left out', () => {
    const { api, pool, clock } = anApi([said(0, 0.2), undefined, said(9, 0.1)], {
      fields: { maxWaiting: 5 },
    });
    clock.advance(700);
    pool.noteListFailure('no route to host', false);
    tell(pool, 2, undefined, 700);
    const [details] = bodyFrom(api.poolDetails()).pools;
    expect(details).toMatchObject({ membersAgeMs: 700, membersError: 'no route to host' });
    expect(details.members).toMatchObject([
      { member: '10.0.0.1:8001', scoreAgeMs: 700, leftOut: null, error: null },
      { scoreAgeMs: null, leftOut: 'no complete figures yet', error: 'answered 500' },
      { leftOut: 'more waiting requests than the threshold' },
    ]);
  });

  it('shows the models of members that serve several', () => {
    const { api, pool } = anApi([undefined], { fields: { engine: 'xinference' } });
    pool.record(pool.members[0]!, { type: 'models', utilisation: new Map([['a', 0.25]]) }, 0);
    const [details] = bodyFrom(api.poolDetails()).pools;
    expect(details.members[0]).toMatchObject({ models: { a: 0.75 }, leftOut: null });
  });
});

describe('trying choices', () => {
  it('counts them, whatever pool the body names', () => {
    const { api } = anApi([said(0, 0.2), undefined]);
    const body = bodyOf(named(1, 2), { pool_name: 'other', partition: 'other' });
    expect(bodyFrom(api.simulate(PATH, query('iterations=7'), body))).toEqual({
      results: { '10.0.0.1:8001': 7 },
      iterations: 7,
    });
  });

  it('leaves no trace in the log of choices', () => {
    const { api } = anApi();
    api.simulate(PATH, NO_QUERY, bodyOf(named(1, 2)));
    expect(bodyFrom(api.decisions(NO_QUERY)).decisions).toEqual([]);
  });

  it('comes close to the promised shares', () => {
    const { api } = anApi();
    const analysis = bodyFrom(api.analyze(PATH, query('iterations=20000'), bodyOf(named(1, 2))));
    expect(analysis.theoretical_probabilities['10.0.0.1:8001']).toBeCloseTo(81.818, 2);
    expect(analysis.overall_statistics).toMatchObject({ successful_selections: 20_000, success_rate: 100 });
    expect(analysis.overall_statistics.max_absolute_deviation).toBeLessThan(2);
    expect(analysis.quality_assessment).toMatchObject({ quality_grade: 'Excellent', is_acceptable: true });
    expect(analysis.detailed_results).toHaveLength(50);
  });

  it('promises nothing to members that cannot be chosen (fault 15 of the existing scheduler)', () => {
    const { api } = anApi([said(0, 0.2), said(9, 0.1)], { fields: { maxWaiting: 5 } });
    const analysis = bodyFrom(api.analyze(PATH, query('iterations=10'), bodyOf(named(1, 2))));
    expect(analysis.theoretical_probabilities).toEqual({ '10.0.0.1:8001': 100, '10.0.0.2:8002': 0 });
    expect(analysis.quality_assessment.quality_grade).toBe('Excellent');
  });

  it.each(['iterations=20', 'iterations=0'])('answers with %s when nobody can be chosen', (text) => {
    const { api } = anApi([undefined]);
    const answer = api.analyze(PATH, query(text), bodyOf(named(1)));
    expect(answer.status).toBe(200);
    expect(bodyFrom(answer)).toMatchObject({
      theoretical_probabilities: { '10.0.0.1:8001': 0 },
      overall_statistics: { successful_selections: 0, success_rate: 0 },
      quality_assessment: { is_acceptable: false },
    });
  });

  it('refuses too many iterations and a body that is none, all at once', () => {
    const { api } = anApi();
    for (const call of [api.simulate, api.analyze]) {
      const answer = call(PATH, query('iterations=9999999'), '{}');
      expect(answer.status).toBe(422);
      expect(bodyFrom(answer).detail).toHaveLength(4);
    }
  });
});

describe('keys and health', () => {
  it('say what the existing scheduler says', () => {
    const { api } = anApi();
    expect(bodyFrom(api.health())).toEqual({ status: 'healthy', message: 'Scheduler running normally' });
    expect(bodyFrom(api.keyHealth()).status).toBe('disabled');
  });
});
