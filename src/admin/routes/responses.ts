/** The responses that routes have in common, for their definitions. */

import type { z } from '@hono/zod-openapi';
import { ERROR_KINDS, type ErrorCode } from '../../domain/index.ts';
import { ErrorBody } from '../schemas.ts';

export function jsonResponse<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

/** One response for each HTTP status of `codes`; every route may also meet what the guards refuse. */
export function errorResponses(...codes: readonly ErrorCode[]) {
  const all: ErrorCode[] = [...codes, 'invalid_api_key', 'forbidden'];
  const byStatus = Map.groupBy(all, (code) => ERROR_KINDS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [status, jsonResponse(ErrorBody, group.join(', '))]),
  );
}
