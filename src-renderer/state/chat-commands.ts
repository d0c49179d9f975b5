import type { AppState } from './app.svelte.ts';
import type { Command } from './commands.svelte.ts';
import type { Download } from './download.ts';
import type { IconName } from '../components/icons.ts';
import { COMPARE_ID, type Chat } from './chat.svelte.ts';

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

/** What the menu of a conversation offers; `onrename` where its title is changed elsewhere. */
export function conversationMenu(
  app: AppState,
  chat: Chat,
  id: string,
  onrename: () => void = () => undefined,
): readonly ConversationAction[] {
  const { conversations } = chat;
  const exported = (label: string, format: 'markdown' | 'json'): ConversationAction => ({
    label,
    icon: 'download',
    run: () => conversations.export(id, format),
    file: () => conversations.exportedFile(id, format),
  });
  return [
    { label: 'Rename', icon: 'pencil', run: () => (renameConversation(app, chat, id), onrename()) },
    exported('Export as Markdown', 'markdown'),
    exported('Export as JSON', 'json'),
    { label: 'Delete', icon: 'trash', run: () => chat.remove(id) },
  ];
}

/** What the command palette offers on the chat page. */
export function chatCommands(app: AppState, chat: Chat): readonly Command[] {
  const { conversations, thread } = chat;
  const forOpen = (run: (id: string) => void | Promise<void>) => async (): Promise<void> => {
    if (thread.id !== null) await run(thread.id);
  };
  return [
    { id: 'chat.stop', title: 'Stop the answer', shortcut: 'Esc', run: () => thread.stop() },
    {
      id: 'chat.rename',
      title: 'Rename this conversation',
      keywords: 'title name',
      run: forOpen((id) => {
        conversations.renaming = id;
      }),
    },
    {
      id: 'chat.export-markdown',
      title: 'Export this conversation as Markdown',
      keywords: 'save file download',
      run: forOpen((id) => conversations.export(id, 'markdown')),
    },
    {
      id: 'chat.export-json',
      title: 'Export this conversation as JSON',
      keywords: 'save file download',
      run: forOpen((id) => conversations.export(id, 'json')),
    },
    {
      id: 'chat.delete',
      title: 'Delete this conversation',
      keywords: 'remove',
      run: forOpen((id) => chat.remove(id)),
    },
    {
      id: 'chat.compare',
      title: 'Two models side by side',
      keywords: 'compare',
      run: () => app.navigate('chat', COMPARE_ID),
    },
  ];
}
