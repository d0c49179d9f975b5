import type { ChatOptions } from '../../../src-main/contract/conversation.ts';
import type { Kernels } from '../../../src-main/contract/kernels.ts';
import type { Remedy } from '../../../src-main/contract/remedies.ts';
import type { AppState } from '../app/app.svelte.ts';
import { remedyLabel } from '../../text/remedy-words.ts';
import type { Thread } from './thread.svelte.ts';

/** What chooses the open conversation's model. */
export const MODEL_SELECT_ID = 'conversation-model';

/**
 * What a remedy does in the open conversation, and then asks again; undefined for one that has no place there, or that is as it says
 * already: an error of yesterday may be in view.
 */
export function chatRemedies(
  app: AppState,
  thread: Thread,
  again: () => unknown,
): (remedy: Remedy) => (() => void) | undefined {
  const change = (remedy: Remedy, changed: Partial<ChatOptions>) => {
    const options = thread.conversation?.options;
    if (
      !options ||
      Object.entries(changed).every(([key, value]) => options[key as keyof ChatOptions] === value)
    )
      return undefined;
    const apply = async (): Promise<void> => {
      if (!(await thread.setOptions({ ...options, ...changed }))) return;
      app.toasts.show({ text: `${remedyLabel(remedy)}: done for this conversation` });
      await again();
    };
    return () => void apply();
  };
  const loadAnyway = async (modelId: string): Promise<void> => {
    if (await app.attempt(() => app.bridge.api.chat.loadAnyway({ modelId }))) await again();
  };
  const setKernels = async (kernels: Kernels): Promise<void> => {
    await app.changeSettings({ kernels });
    await again();
  };
  return (remedy) => {
    const model = app.modelById(thread.conversation?.modelId ?? null);
    switch (remedy.kind) {
      case 'set-context':
        if (remedy.tokens > (model?.trainingContextTokens ?? remedy.tokens)) return undefined;
        return change(remedy, { contextTokens: remedy.tokens });
      case 'limit-picture-tokens':
        return change(remedy, { imageMaxTokens: remedy.tokens });
      case 'set-kernels':
        return app.settings.kernels === remedy.kernels ? undefined : () => void setKernels(remedy.kernels);
      case 'add-vision-file':
      case 'choose-vision-file':
        return model === null || model.mmproj !== null ? undefined : () => app.findMmproj(model.id);
      case 'fit-model':
        return model?.kind === 'source' ? () => app.navigate('fit', model.id) : undefined;
      case 'load-anyway':
        return model === null ? undefined : () => void loadAnyway(model.id);
      case 'choose-model':
        return app.usableModels.length < 2 ? undefined : chooseModel;
      default:
        return undefined;
    }
  };
}

function chooseModel(): void {
  const select = document.getElementById(MODEL_SELECT_ID);
  select?.focus();
  // a browser without it, or one that wants a click there, leaves the focus, which the arrow keys then move
  if (select instanceof HTMLSelectElement && 'showPicker' in select) {
    try {
      select.showPicker();
    } catch {
      return;
    }
  }
}
