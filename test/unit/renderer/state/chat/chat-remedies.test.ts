import { describe, expect, it } from 'vitest';
import type { ChatOptions } from '../../../../../src-main/contract/conversation.ts';
import type { ModelEntry } from '../../../../../src-main/contract/model.ts';
import type { AppState } from '../../../../../src-renderer/state/app/app.svelte.ts';
import { chatRemedies } from '../../../../../src-renderer/state/chat/chat-remedies.ts';
import type { Thread } from '../../../../../src-renderer/state/chat/thread.svelte.ts';
import { model } from '../../fake-bridge.ts';

const options = { contextTokens: 4096, imageMaxTokens: null } as unknown as ChatOptions;

/** An open conversation with a model; what is done to it is noted. */
function conversationWith(entry: ModelEntry) {
  const done: unknown[] = [];
  const app = {
    modelById: (id: string | null) => (id === entry.id ? entry : null),
    usableModels: [entry],
    settings: { kernels: 'own' },
    changeSettings: (change: object) => Promise.resolve(done.push(change)),
    toasts: { show: () => 0 },
    navigate: (...to: unknown[]) => done.push(to),
    findMmproj: (id: string) => done.push(`vision file of ${id}`),
  } as unknown as AppState;
  const thread = {
    conversation: { modelId: entry.id, options },
    setOptions: (changed: ChatOptions) => Promise.resolve(Boolean(done.push(changed))),
  } as unknown as Thread;
  const remedy = chatRemedies(app, thread, () => done.push('asked again'));
  return { done, remedy };
}

describe('a remedy in a conversation', () => {
  it('makes its context longer and asks again', async () => {
    const { done, remedy } = conversationWith(model({ trainingContextTokens: 32_768 }));
    remedy({ kind: 'set-context', tokens: 8192 })?.();
    await expect.poll(() => done).toEqual([{ ...options, contextTokens: 8192 }, 'asked again']);
  });

  it('is not offered when it is done already, or beyond what the model was trained for', () => {
    const { remedy } = conversationWith(model({ trainingContextTokens: 4096 }));
    expect(remedy({ kind: 'set-context', tokens: 4096 })).toBeUndefined();
    expect(remedy({ kind: 'set-context', tokens: 8192 })).toBeUndefined();
  });

  it('finds a vision file for a model without one, and for no other', () => {
    const blind = model({ mmproj: null });
    const { done, remedy } = conversationWith(blind);
    remedy({ kind: 'add-vision-file' })?.();
    expect(done).toEqual([`vision file of ${blind.id}`]);
    const seeing = conversationWith(model({ mmproj: { path: '/m.gguf', bytes: 1 } }));
    expect(seeing.remedy({ kind: 'add-vision-file' })).toBeUndefined();
  });

  it('opens the fit of a model that may be fitted', () => {
    const source = conversationWith(model({ kind: 'source' }));
    source.remedy({ kind: 'fit-model' })?.();
    expect(source.done).toEqual([['fit', expect.any(String)]]);
    expect(conversationWith(model({ kind: 'fitted' })).remedy({ kind: 'fit-model' })).toBeUndefined();
  });

  it('sets other kernels, which hold for all models, and asks again', async () => {
    const { done, remedy } = conversationWith(model());
    expect(remedy({ kind: 'set-kernels', kernels: 'own' })).toBeUndefined();
    remedy({ kind: 'set-kernels', kernels: 'auto' })?.();
    await expect.poll(() => done).toEqual([{ kernels: 'auto' }, 'asked again']);
  });

  it('is not offered where it has no place, or no other model to choose', () => {
    const { remedy } = conversationWith(model());
    expect(remedy({ kind: 'set-clusters', clusters: 10 })).toBeUndefined();
    expect(remedy({ kind: 'choose-model' })).toBeUndefined();
  });
});
