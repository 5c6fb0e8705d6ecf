/** `/v1/files`: what batches read and write. */

import { type Clock, SignalboxError } from '../../domain/index.ts';
import type { StoredFile } from './batch.ts';
import type { BatchStore } from './batch-store.ts';
import { type BatchAnswer, type BatchCall, json } from './call.ts';
import { newFileId } from './ids.ts';
import { fileView, listView } from './openai-json.ts';
import { invalid, listWish } from './parameters.ts';

/** What OpenAI's clients may name; only `batch` files are read here. */
const PURPOSES = ['batch', 'assistants', 'fine-tune', 'vision', 'user_data', 'evals'] as const;

export interface FileParts {
  readonly store: BatchStore;
  readonly clock: Clock;
}

/** @throws SignalboxError `not_found`, also for a file of another tenant */
export async function ownFile(
  store: BatchStore,
  id: string,
  tenant: string | undefined,
): Promise<StoredFile> {
  const file = await store.file(id);
  if (file !== undefined && (tenant === undefined || file.tenant === tenant)) return file;
  throw new SignalboxError('not_found', `No such File object: ${id}`, { param: 'id' });
}

export async function createFile({ store, clock }: FileParts, call: BatchCall): Promise<BatchAnswer> {
  const form = await formOf(call);
  const file = form.get('file');
  const purpose = form.get('purpose');
  if (!(file instanceof File)) throw invalid('file', file ?? undefined, 'a file in a multipart form');
  if (typeof purpose !== 'string' || !(PURPOSES as readonly string[]).includes(purpose)) {
    throw invalid('purpose', purpose ?? undefined, PURPOSES.join(', '));
  }
  const stored = await store.saveFile(
    {
      id: newFileId(),
      filename: file.name,
      purpose,
      createdMs: clock.now(),
      ...expiry(form, clock.now()),
      ...(call.tenant !== undefined && { tenant: call.tenant }),
    },
    file.stream(),
  );
  return json(fileView(stored));
}

async function formOf({ contentType, body }: BatchCall): Promise<FormData> {
  if (!/^multipart\/form-data\b/i.test(contentType)) {
    throw new SignalboxError(
      'unsupported_media_type',
      `A file comes as multipart/form-data; found ${contentType === '' ? 'no content-type' : contentType}.`,
    );
  }
  try {
    return await new Response(body as Uint8Array<ArrayBuffer>, {
      headers: { 'content-type': contentType },
    }).formData();
  } catch (error) {
    throw new SignalboxError('invalid_request', 'The body is not the multipart form that it is said to be.', {
      cause: error,
    });
  }
}

/** `expires_after[seconds]` from `created_at`, as OpenAI's clients send it. */
function expiry(form: FormData, nowMs: number): { readonly expiresMs?: number } {
  const given = form.get('expires_after[seconds]');
  if (given === null) return {};
  const seconds = Number(given);
  if (!Number.isInteger(seconds) || seconds < 3600 || seconds > 30 * 86_400) {
    throw invalid('expires_after[seconds]', given, 'a whole number from 3600 to 2592000');
  }
  return { expiresMs: nowMs + seconds * 1000 };
}

export async function listFiles({ store }: FileParts, call: BatchCall): Promise<BatchAnswer> {
  const wish = listWish(call);
  const files = await store.files(wish);
  return json(listView(files.slice(0, wish.wanted).map(fileView), files.length > wish.wanted));
}

export async function getFile({ store }: FileParts, { tenant }: BatchCall, id: string): Promise<BatchAnswer> {
  return json(fileView(await ownFile(store, id, tenant)));
}

export async function fileContent(
  { store }: FileParts,
  { tenant }: BatchCall,
  id: string,
): Promise<BatchAnswer> {
  await ownFile(store, id, tenant);
  return { status: 200, contentType: 'application/octet-stream', body: store.readFile(id) };
}

export async function deleteFile(
  { store }: FileParts,
  { tenant }: BatchCall,
  id: string,
): Promise<BatchAnswer> {
  await ownFile(store, id, tenant);
  const deleted = await store.deleteFile(id);
  return json({ id, object: 'file', deleted });
}
