import type { Message, PictureView } from '../contract/conversation.ts';
import type { Connection } from './connection.ts';
import { notFound } from './errors.ts';
import { fromJson } from './json.ts';

type MessageRow = Omit<Message, 'pictures' | 'error' | 'statistics' | 'notes'> & {
  readonly error: string | null;
  readonly statistics: string | null;
  readonly notes: string;
};
type PictureRow = PictureView & { readonly messageId: string };

const SELECT_MESSAGES = `
  SELECT id, conversation_id AS conversationId, role, text, state, error, model_id AS modelId,
    model_name AS modelName, statistics, notes, created_at AS createdAt
  FROM messages`;
const SELECT_PICTURES = `
  SELECT sent.message_id AS messageId, sent.hash, sent.name, pictures.width, pictures.height
  FROM message_pictures AS sent JOIN pictures USING (hash)`;

/** One message with its pictures; throws NOT_FOUND when there is no such message. */
export function readMessage(connection: Connection, id: string): Message {
  const row = connection.one<MessageRow>(`${SELECT_MESSAGES} WHERE id = ?`, id);
  if (!row) throw notFound('message');
  const pictures = connection.all<PictureRow>(
    `${SELECT_PICTURES} WHERE sent.message_id = ? ORDER BY sent.position`,
    id,
  );
  return asMessage(row, pictures);
}

/** A conversation's messages, oldest first. */
export function readThread(connection: Connection, conversationId: string): Message[] {
  const rows = connection.all<MessageRow>(
    `${SELECT_MESSAGES} WHERE conversation_id = ? ORDER BY number`,
    conversationId,
  );
  const pictures = connection.all<PictureRow>(
    `${SELECT_PICTURES} JOIN messages ON messages.id = sent.message_id
     WHERE messages.conversation_id = ? ORDER BY sent.position`,
    conversationId,
  );
  const byMessage = Map.groupBy(pictures, ({ messageId }) => messageId);
  return rows.map((row) => asMessage(row, byMessage.get(row.id) ?? []));
}

function asMessage(row: MessageRow, pictures: readonly PictureRow[]): Message {
  return {
    ...row,
    pictures: pictures.map(({ hash, name, width, height }) => ({ hash, name, width, height })),
    error: fromJson<Message['error']>(row.error),
    statistics: fromJson<Message['statistics']>(row.statistics),
    notes: JSON.parse(row.notes) as Message['notes'],
  };
}
