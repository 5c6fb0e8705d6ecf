/** How long a prompt is, guessed from its bytes. */

export interface TokenEstimate {
  /** Bytes of text per token. About 4 for English in the common vocabularies; Chinese, at 3 bytes a character, comes near it as well. */
  readonly bytesPerToken: number;
  /** Tokens for each image, sound or file: 576 is what LLaVA-1.5 makes of an image (24 × 24 patches, arXiv:2310.03744). */
  readonly tokensPerAttachment: number;
}

export const DEFAULT_TOKEN_ESTIMATE: TokenEstimate = { bytesPerToken: 4, tokensPerAttachment: 576 };

/** What a chat template puts around each message: OpenAI's cookbook counts 3 tokens, the role aside. */
const TOKENS_PER_MESSAGE = 3;

export interface PromptSize {
  readonly textBytes: number;
  readonly messages: number;
  readonly attachments: number;
  /** Tokens that came as ids. */
  readonly tokenIds: number;
}

/** At least 1. */
export function estimateTokens(size: PromptSize, estimate: TokenEstimate): number {
  const tokens =
    size.tokenIds +
    Math.ceil(size.textBytes / estimate.bytesPerToken) +
    size.messages * TOKENS_PER_MESSAGE +
    size.attachments * estimate.tokensPerAttachment;
  return Math.max(1, Math.round(tokens));
}
