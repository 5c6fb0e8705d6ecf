/** What is asked of a predictor service, and how its recorded answers are read. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readServiceAnswer, type ServiceMetadata, serviceRequest } from '../../../src/prediction/index.ts';
import { predictorService } from '../../../src/predictors/index.ts';
import { type Check, differencesOf } from './verdict.ts';

const BASE_URL = 'http://localhost:8100';

interface RequestInput {
  readonly model_type: string;
  readonly metadata: ServiceMetadata;
  readonly env: Readonly<Record<string, string>>;
}

export const checkServiceRequest: Check = ({ input, expect }) => {
  const { model_type, metadata, env } = input as RequestInput;
  if (env.USE_FAKE_PREDICTOR !== undefined) {
    return { skip: 'an environment variable by which its tests replace the service' };
  }
  return { differences: differencesOf(requestOrError(model_type, metadata), expect) };
};

function requestOrError(modelType: string, metadata: ServiceMetadata): unknown {
  try {
    return { request: serviceRequest(BASE_URL, modelType, metadata) };
  } catch (error) {
    return { error: `ValueError: ${(error as Error).message}` };
  }
}

interface Step {
  readonly request: { readonly method: string; readonly path: string; readonly json?: unknown };
  readonly status: number;
  readonly body: {
    readonly results?: { readonly status?: string; readonly expect?: number | null };
  };
}

/** The service's own answers, played back: health is well, a success has its mean, and what it does not know is no failure. */
export const checkPredictorService: Check = async ({ expect }) => {
  const { steps } = expect as { readonly steps: readonly Step[] };
  const differences: string[] = [];
  for (const [index, { request, status, body }] of steps.entries()) {
    if (request.path === '/health') {
      const isHealthy = await played(status, body, (url) =>
        predictorService({ url, timeoutMs: 5_000 }).isHealthy(),
      );
      if (!isHealthy) differences.push(`step ${index + 1}: the service does not count as healthy`);
    }
    if (!request.path.startsWith('/predict/single/') || status !== 200) continue;
    const found = readServiceAnswer(body)?.mean ?? null;
    differences.push(...differencesOf(found, body.results?.expect ?? null, 1e-9, `step ${index + 1}`));
  }
  return { differences };
};

async function played<Answer>(
  status: number,
  body: unknown,
  ask: (url: string) => Promise<Answer>,
): Promise<Answer> {
  const server = createServer((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await ask(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
