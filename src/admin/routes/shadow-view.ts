/** What a shadow has found, as the control API shows it. */

import type { z } from '@hono/zod-openapi';
import type { CandidateVerdict } from '../../domain/index.ts';
import type { ShadowDisagreement, ShadowReport, WhereDisagreement } from '../../scheduler/index.ts';
import type { ShadowBody } from './shadow-schemas.ts';

type View = NonNullable<z.input<typeof ShadowBody>['shadow']>;
type DisagreementView = View['disagreements'][number];
type ChoiceView = Extract<DisagreementView, { about: 'where' }>['ours'];

export function shadowView(report: ShadowReport, limit: number): View {
  return {
    ...report,
    against: report.against ?? null,
    models: [...report.models],
    disagreements: report.disagreements.slice(0, limit).map(disagreementView),
  };
}

function disagreementView(one: ShadowDisagreement): DisagreementView {
  const { id, requestId, model, atMs } = one.decision;
  const about = { decisionId: id, requestId, model, atMs };
  if (one.about === 'where') return { about: 'where', ...about, ...bothChoices(one) };
  const { ours, shadow = null, reason } = one;
  return { about: 'when', ...about, ours, shadow, ...(reason !== undefined && { reason }) };
}

function bothChoices(one: WhereDisagreement): { ours: ChoiceView; shadow: ChoiceView | null } {
  const { decision, shadow, oursLoad, shadowLoad = 0, oursPredictedMs, shadowPredictedMs } = one;
  const ids = [decision.instanceId, shadow?.instanceId];
  const ofBoth = (candidates: readonly CandidateVerdict[]) =>
    candidates.filter(({ instanceId }) => ids.includes(instanceId)).map((candidate) => ({ ...candidate }));
  return {
    ours: {
      instanceId: decision.instanceId,
      reason: decision.reason,
      load: oursLoad,
      ...(oursPredictedMs !== undefined && { predictedTtftMs: { ...oursPredictedMs } }),
      candidates: ofBoth(decision.candidates),
    },
    shadow:
      shadow === undefined
        ? null
        : {
            instanceId: shadow.instanceId,
            reason: shadow.reason(),
            load: shadowLoad,
            ...(shadowPredictedMs !== undefined && { predictedTtftMs: { ...shadowPredictedMs } }),
            candidates: ofBoth(shadow.candidates()),
          },
  };
}
