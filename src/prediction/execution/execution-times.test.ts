import { expect, it } from 'vitest';
import { anInstance } from '../../../test/builders.ts';
import { placeOf } from '../instance-class.ts';
import { timeOf, traitsOf } from './execution-times.ts';

const quantiles = { levels: [0.25, 0.5, 0.75], values: [10, 20, 30] };

it.each([
  ['the mean and the error as told', { expect: 7, error: 2, quantiles }, { mean: 7, standardDeviation: 2 }],
  ['no spread without any', { expect: 7 }, { mean: 7, standardDeviation: 0 }],
  [
    'the p80 where the quantiles reach so far',
    { expect: 7, error: 2, quantiles: { levels: [0.5, 0.9], values: [10, 30] } },
    { mean: 7, standardDeviation: 2, p80: expect.closeTo(25) },
  ],
  ['the quartiles', { quantiles }, { mean: 20, standardDeviation: expect.closeTo(22.24, 2) }],
  [
    'whatever quantiles there are',
    { quantiles: { levels: [0.5], values: [9] } },
    { mean: 9, standardDeviation: 0 },
  ],
  ['nothing from nothing', {}, undefined],
  ['nothing from a time of none', { quantiles: { levels: [0.5], values: [0] } }, undefined],
])('a time is %s', (_, told, time) => {
  expect(timeOf(told)).toEqual(time);
});

it('an instance says what it is by its facts, and by its labels otherwise', () => {
  const instance = anInstance('a', { gpuType: 'H100', engine: 'sglang' });
  const facts = {
    model_type: 'm',
    model_name: 'm',
    hardware: 'H100',
    software_name: 'sglang',
    software_version: 'unknown',
  };
  expect(traitsOf(placeOf(instance, 'm'))).toEqual(facts);
  const labels = { model_type: 't', hardware: 'TX', software_version: '1', rack: 'r' };
  const labelled = anInstance('a', { gpuType: 'H100', engine: 'sglang', labels });
  expect(traitsOf(placeOf(labelled, 'm'))).toEqual({
    ...facts,
    model_type: 't',
    hardware: 'TX',
    software_version: '1',
  });
});
