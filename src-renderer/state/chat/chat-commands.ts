import type { AppState } from '../app/app.svelte.ts';
import type { Command } from '../app/commands.svelte.ts';
import type { Download } from '../app/download.ts';
import type { IconName } from '../../icons.ts';
import { modelWords } from '../../text/model-names.ts';
import { SIDE_BY_SIDE_ID, type Chat } from './chat.svelte.ts';
import { titleOf } from '../../text/conversation-title.ts';

/** One of the things that can be done with a conversation. */
export interface ConversationAction {
  readonly label: string;
  readonly icon: IconName;
  run(): void | Promise<void>;
  /** what can be dragged out of the window as a file; null when it can't be had */
  file?: () => Promise<Download | null>;
}

export function renameConversation(app: AppState, { conversations }: Chat, id: string): void {
  app.navigate('chat', id);
  conversations.renaming = id;
}

/** What the menu of a conversation offers; `onrename` where its title is changed elsewhere, `remove` where more has to be done. */
export function conversationMenu(
  app: AppState,
  chat: Chat,
  id: string,
  { onrename, remove }: { onrename?: () => void; remove?: () => Promise<void> } = {},
): readonly ConversationAction[] {
  const { conversations } = chat;
  const exported = (label: string, format: 'markdown' | 'json'): ConversationAction => ({
    label,
    icon: 'download',
    run: () => conversations.export(id, format),
    file: () => conversations.exportedFile(id, format),
  });
  return [
    { label: 'Rename', icon: 'pencil', run: () => (renameConversation(app, chat, id), onrename?.()) },
    exported('Export as Markdown', 'markdown'),
    exported('Export as JSON', 'json'),
    { label: 'Delete', icon: 'trash', run: remove ?? (() => chat.remove(id)) },
  ];
}

/** What the command palette offers while a model is in memory. */
function memoryCommands(app: AppState): readonly Command[] {
  if (app.loaded === null) return [];
  return [
    {
      id: 'chat.unload',
      title: 'Unload the model',
      keywords: 'free memory',
      run: () => app.unload(),
    },
  ];
}

const sideBySide = (app: AppState): Command => ({
  id: 'chat.compare',
  title: 'Two models side by side',
  keywords: 'compare',
  run: () => app.navigate('chat', SIDE_BY_SIDE_ID),
});

/** What can be done with the open conversation's answer. */
function answerCommands({ thread }: Chat): readonly Command[] {
  const commands: Command[] = [];
  if (thread.answering) {
    commands.push({
      id: 'chat.stop',
      title: 'Stop the answer',
      shortcut: 'Esc',
      run: () => thread.stop(),
    });
  }
  const last = thread.messages.at(-1);
  if (last?.role === 'assistant' && last.state !== 'streaming') {
    commands.push({
      id: 'chat.again',
      title: 'Answer again',
      keywords: 'regenerate retry',
      run: async () => void (await thread.regenerate(last.id)),
    });
  }
  return commands;
}

/** What the command palette offers on the chat page: what can be done with the open conversation now. */
export function chatCommands(app: AppState, chat: Chat): readonly Command[] {
  const { conversations, thread } = chat;
  const { id, conversation } = thread;
  if (app.route.id === SIDE_BY_SIDE_ID || id === null || conversation === null || thread.deleted)
    return [sideBySide(app), ...memoryCommands(app)];
  return [
    ...answerCommands(chat),
    {
      id: 'chat.rename',
      title: 'Rename this conversation',
      keywords: 'title name',
      shortcut: 'F2',
      run: () => renameConversation(app, chat, id),
    },
    {
      id: 'chat.export-markdown',
      title: 'Export this conversation as Markdown',
      keywords: 'save file download',
      run: () => conversations.export(id, 'markdown'),
    },
    {
      id: 'chat.export-json',
      title: 'Export this conversation as JSON',
      keywords: 'save file download',
      run: () => conversations.export(id, 'json'),
    },
    {
      id: 'chat.delete',
      title: 'Delete this conversation',
      keywords: 'remove',
      run: () => chat.remove(id),
    },
    sideBySide(app),
    ...memoryCommands(app),
    ...modelCommands(app, chat, conversation.modelId),
  ];
}

/** The open conversation's next answers by another model. */
function modelCommands(app: AppState, chat: Chat, modelId: string | null): readonly Command[] {
  return app.usableModels
    .filter((model) => model.id !== modelId)
    .map((model) => ({
      id: `chat.model.${model.id}`,
      title: `Switch to ${modelWords(model, app.usableModels)}`,
      keywords: 'model change choose answer with',
      unavailable: chat.thread.answering ? 'An answer is being written' : null,
      run: () => chat.chooseModel(model.id),
    }));
}

/** On every page: each conversation, and a new one with each model. */
export function conversationCommands(app: AppState, { conversations }: Chat): readonly Command[] {
  return [
    ...app.usableModels.map((model) => ({
      id: `chat.new.${model.id}`,
      title: `New chat with ${modelWords(model, app.usableModels)}`,
      keywords: 'conversation ask model',
      onlyFound: true,
      run: () => app.newChat(model.id),
    })),
    ...conversations.list.map((conversation) => ({
      id: `chat.open.${conversation.id}`,
      title: titleOf(conversation),
      keywords: 'go to open chat conversation',
      detail: 'Chat',
      onlyFound: true,
      run: () => app.navigate('chat', conversation.id),
    })),
  ];
}
