/** The answers of `GET /v1/models` and `GET /v1/models/{model}`, which no engine is asked for. */

import type { LocalAnswer } from './intake.ts';

export function modelListAnswer(names: readonly string[], createdSeconds: number): LocalAnswer {
  return jsonAnswer({ object: 'list', data: names.map((name) => modelCard(name, createdSeconds)) });
}

export function modelAnswer(name: string, createdSeconds: number): LocalAnswer {
  return jsonAnswer(modelCard(name, createdSeconds));
}

function modelCard(id: string, created: number) {
  return { id, object: 'model', created, owned_by: 'signalbox' };
}

function jsonAnswer(body: unknown): LocalAnswer {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
