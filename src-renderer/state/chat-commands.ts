import type { AppState } from './app.svelte.ts';
import type { Command } from './commands.svelte.ts';
import { COMPARE_ID, type Chat } from './chat.svelte.ts';

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
