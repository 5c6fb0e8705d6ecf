/** Signatures of webhooks, as the Standard Webhooks specification (v1.0.0, standardwebhooks.com) has them, so that its libraries verify ours. */

import { createHmac } from 'node:crypto';

/** What the secret begins with when it is written as that specification writes it: then the rest is base64. */
const PREFIX = 'whsec_';

export interface SignedMessage {
  /** The same for every try, so that who is told twice can tell. */
  readonly id: string;
  readonly timestampSeconds: number;
  readonly body: string;
}

/** `webhook-id`, `webhook-timestamp` and, with a secret, `webhook-signature`. */
export function webhookHeaders(message: SignedMessage, secret: string | undefined): Record<string, string> {
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(message.timestampSeconds),
    ...(secret !== undefined && { 'webhook-signature': signatureOf(message, secret) }),
  };
}

/** `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`. */
export function signatureOf({ id, timestampSeconds, body }: SignedMessage, secret: string): string {
  const key = secret.startsWith(PREFIX) ? Buffer.from(secret.slice(PREFIX.length), 'base64') : secret;
  const digest = createHmac('sha256', key).update(`${id}.${timestampSeconds}.${body}`).digest('base64');
  return `v1,${digest}`;
}
