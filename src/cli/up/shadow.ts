/** What an operator wants in the shadow, made of the same words and by the same checks as in the configuration. */

import type { ShadowControl, ShadowWish } from '../../admin/index.ts';
import { type Config, parseConfig } from '../../config/index.ts';
import { type Random, SignalboxError } from '../../domain/index.ts';
import { createPolicy } from '../../queueing/index.ts';
import { RoutingProfile } from '../../routing/index.ts';
import type { LiveScheduler, ShadowParts } from '../../scheduler/index.ts';
import type { Brain } from './brain.ts';

export function shadowControl(
  scheduler: LiveScheduler,
  brain: Pick<Brain, 'inputs' | 'policyInputs'>,
  makeRandom: () => Random,
): ShadowControl {
  return {
    start: (wish) => scheduler.setShadow({ random: makeRandom(), ...partsOf(wish, brain) }),
    stop: () => scheduler.setShadow(undefined),
  };
}

function partsOf(
  wish: ShadowWish,
  { inputs, policyInputs }: Pick<Brain, 'inputs' | 'policyInputs'>,
): Pick<ShadowParts, 'profile' | 'policy'> {
  const { routing, policy } = checked(wish);
  // A switch in the shadow is no switch of what decides, and must not be logged as one.
  const silent = { ...policyInputs, onSwitch: () => {} };
  try {
    return {
      ...(wish.routing !== undefined && { profile: new RoutingProfile(routing, inputs) }),
      ...(wish.policy !== undefined && {
        policy: createPolicy({ ...policy.parameters, name: policy.name }, silent),
      }),
    };
  } catch (error) {
    if (error instanceof RangeError)
      throw new SignalboxError('invalid_value', error.message, { cause: error });
    throw error;
  }
}

/** JSON is YAML: what is posted meets the same checks as a file. */
function checked(wish: ShadowWish): Config {
  const result = parseConfig(JSON.stringify(wish));
  if (result.ok) return result.config;
  const messages = result.problems.map(({ message, suggestion }) =>
    suggestion === undefined ? message : `${message} (did you mean ${suggestion}?)`,
  );
  throw new SignalboxError('invalid_value', messages.join('; '), { param: result.problems[0]!.path });
}
