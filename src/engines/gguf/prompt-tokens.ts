/** A request's prompt as the model's tokens: a chat through the model's own template where its file brings one. */

import type { ChatHistoryItem, JinjaTemplateChatWrapper, LlamaModel, Token } from 'node-llama-cpp';
import type { ChatTurn, GenerationRequest } from '../serving/token-engine.ts';
import type { LlamaModule } from './llama-binding.ts';

export type PromptTokenizer = (request: Pick<GenerationRequest, 'promptText' | 'messages'>) => Token[];

export function createPromptTokenizer(module: LlamaModule, model: LlamaModel): PromptTokenizer {
  const template = chatTemplate(module, model);
  return (request) => {
    const { messages } = request;
    // Like llama.cpp's own server, text that spells a special token of the vocabulary becomes that token.
    if (template === undefined || messages === undefined) {
      return withBeginning(model, model.tokenize(request.promptText, true));
    }
    const { contextText } = template.generateContextState({ chatHistory: chatHistory(messages) });
    return withBeginning(model, contextText.tokenize(model.tokenizer));
  };
}

/** The template in the file's metadata; undefined where there is none or where it cannot be understood. */
function chatTemplate(module: LlamaModule, model: LlamaModel): JinjaTemplateChatWrapper | undefined {
  const template = model.fileInfo.metadata.tokenizer?.chat_template;
  if (template === undefined || template.trim() === '') return undefined;
  try {
    return new module.JinjaTemplateChatWrapper({ template, tokenizer: model.tokenizer });
  } catch {
    // Templates use corners of Jinja that the renderer lacks; the plain form in `promptText` serves every model.
    return undefined;
  }
}

function chatHistory(messages: readonly ChatTurn[]): ChatHistoryItem[] {
  const items = messages.map(historyItem);
  return items.at(-1)?.type === 'model' ? items : [...items, { type: 'model', response: [] }];
}

function historyItem({ role, content }: ChatTurn): ChatHistoryItem {
  if (role === 'system' || role === 'developer') return { type: 'system', text: content };
  if (role === 'assistant') return { type: 'model', response: [content] };
  return { type: 'user', text: content };
}

function withBeginning(model: LlamaModel, tokens: Token[]): Token[] {
  const { bos, shouldPrependBosToken } = model.tokens;
  if (!shouldPrependBosToken || bos === null || tokens[0] === bos) return tokens;
  return [bos, ...tokens];
}
