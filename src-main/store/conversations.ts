import { randomUUID } from 'node:crypto';
import type {
  ChatOptions,
  Conversation,
  ConversationSummary,
  Message,
  SearchHit,
} from '../contract/conversation.ts';
import type { Connection, Value } from './connection.ts';
import { badArgument, notFound } from './errors.ts';
import { toJson } from './json.ts';
import { readMessage, readThread } from './message-rows.ts';
import { search } from './search.ts';

export interface NewConversation {
  readonly modelId: string | null;
  readonly options: ChatOptions;
  readonly title: string;
}

export interface Question {
  readonly text: string;
  /** hashes of pictures that the store has */
  readonly pictures: readonly string[];
}

export interface AnsweringModel {
  readonly modelId: string;
  readonly modelName: string;
}

/** How an answer ended. */
export interface AnswerEnd extends Pick<Message, 'statistics' | 'error' | 'notes'> {
  readonly state: Exclude<Message['state'], 'streaming'>;
}

type NewMessage = Pick<Message, 'conversationId' | 'role' | 'text' | 'state'> &
  Partial<Pick<Message, 'id' | 'modelId' | 'modelName' | 'createdAt'>>;

const SELECT = `
  SELECT id, title, model_id AS modelId, updated_at AS updatedAt,
    (SELECT count(*) FROM messages WHERE conversation_id = conversations.id) AS messages
  FROM conversations`;

/**
 * Conversations and their messages. A removed conversation is as good as gone for everything but `restore`. What names a
 * conversation or message that is not there throws NOT_FOUND.
 */
export class ConversationRepository {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  create({ modelId, options, title }: NewConversation): Conversation {
    const id = randomUUID();
    const now = new Date().toISOString();
    this.#connection.run(
      'INSERT INTO conversations (id, title, model_id, options, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)',
      id,
      title,
      modelId,
      JSON.stringify(options),
      now,
      now,
    );
    return this.get(id);
  }

  get(id: string): Conversation {
    const summary = this.#summary(id);
    const row = this.#connection.one<{ options: string }>(
      'SELECT options FROM conversations WHERE id = ?',
      id,
    );
    const options = JSON.parse(row?.options ?? '') as ChatOptions;
    return { ...summary, options, thread: readThread(this.#connection, id) };
  }

  /** newest first */
  list(): ConversationSummary[] {
    return this.#connection.all<ConversationSummary>(
      `${SELECT} WHERE removed_at IS NULL ORDER BY updated_at DESC, number DESC`,
    );
  }

  rename(id: string, title: string): ConversationSummary {
    return this.#connection.transaction(() => {
      this.#change(id, 'title = ?', title);
      this.#touch(id);
      return this.#summary(id);
    });
  }

  setModel(id: string, modelId: string | null): Conversation {
    this.#change(id, 'model_id = ?', modelId);
    return this.get(id);
  }

  setOptions(id: string, options: ChatOptions): Conversation {
    this.#change(id, 'options = ?', JSON.stringify(options));
    return this.get(id);
  }

  /** Hides a conversation until `restore` or `purgeRemoved`; its pictures stay with it. */
  remove(id: string): void {
    this.#change(id, 'removed_at = ?', new Date().toISOString());
  }

  /** Brings a removed conversation back to where it was in the list. */
  restore(id: string): ConversationSummary {
    this.#connection.run('UPDATE conversations SET removed_at = NULL WHERE id = ?', id);
    return this.#summary(id);
  }

  /** Deletes removed conversations for good; returns how many. Their pictures go with the next sweep. */
  purgeRemoved(): number {
    return this.#connection.run('DELETE FROM conversations WHERE removed_at IS NOT NULL');
  }

  /** Where words occur in titles and finished messages, at most 50 places, best first. Any text may be searched for. */
  search(query: string): SearchHit[] {
    return search(this.#connection, query);
  }

  /** Throws NOT_FOUND also for a picture that the store does not have. */
  addQuestion(conversationId: string, { text, pictures }: Question): Message {
    return this.#connection.transaction(() => {
      const id = this.#insert({ conversationId, role: 'user', text, state: 'done' });
      this.#addPictures(
        id,
        pictures.map((hash) => ({ hash })),
      );
      return this.message(id);
    });
  }

  /** A picture without a name has the one that it was kept with. */
  #addPictures(
    messageId: string,
    pictures: readonly { readonly hash: string; readonly name?: string }[],
  ): void {
    for (const [position, { hash, name }] of pictures.entries()) {
      const added = this.#connection.run(
        `INSERT INTO message_pictures (message_id, position, hash, name)
         SELECT ?, ?, hash, coalesce(?, name) FROM pictures WHERE hash = ?`,
        messageId,
        position,
        name ?? null,
        hash,
      );
      if (added === 0) throw notFound('picture');
    }
  }

  /** An empty answer, `streaming` until `finishAnswer`. */
  addAnswer(conversationId: string, model: AnsweringModel): Message {
    return this.#connection.transaction(() =>
      this.message(
        this.#insert({ conversationId, role: 'assistant', text: '', state: 'streaming', ...model }),
      ),
    );
  }

  /**
   * Adds what the model said to a streaming answer; safe from our end when it returns, from a power cut within about a second.
   * Throws BAD_ARGUMENT when the answer has ended.
   */
  appendText(messageId: string, text: string): void {
    const changed = this.#connection.runStreamed(
      `UPDATE messages SET text = text || ? WHERE id = ? AND state = 'streaming'`,
      text,
      messageId,
    );
    if (changed === 0) throw noLongerComing();
  }

  /** Ends a streaming answer; from now on it is found by search. Throws BAD_ARGUMENT when it has ended before. */
  finishAnswer(messageId: string, { state, statistics, error, notes }: AnswerEnd): Message {
    return this.#changeMessage(messageId, () => {
      const changed = this.#connection.run(
        `UPDATE messages SET state = ?, statistics = ?, error = ?, notes = ? WHERE id = ? AND state = 'streaming'`,
        state,
        toJson(statistics),
        toJson(error),
        JSON.stringify(notes),
        messageId,
      );
      if (changed === 0) throw noLongerComing();
    });
  }

  message(id: string): Message {
    return readMessage(this.#connection, id);
  }

  /**
   * Puts an answer that has begun, and before it an edited question, in the place of a message and all that came after it: all of this
   * or nothing.
   */
  replaceFrom(
    messageId: string,
    { question, answer }: { readonly question?: Message | undefined; readonly answer: Message },
  ): void {
    this.#connection.transaction(() => {
      const { conversationId } = this.message(messageId);
      this.#connection.run(
        'DELETE FROM messages WHERE conversation_id = ? AND number >= (SELECT number FROM messages WHERE id = ?)',
        conversationId,
        messageId,
      );
      if (question) this.#addPictures(this.#insert(question), question.pictures);
      this.#insert(answer);
    });
  }

  /** At start: answers that an earlier run left streaming are `cut` with what they have; returns how many. */
  recoverInterrupted(): number {
    return this.#connection.run(`UPDATE messages SET state = 'cut' WHERE state = 'streaming'`);
  }

  #summary(id: string): ConversationSummary {
    const summary = this.#connection.one<ConversationSummary>(
      `${SELECT} WHERE id = ? AND removed_at IS NULL`,
      id,
    );
    if (!summary) throw noConversation();
    return summary;
  }

  #change(
    id: string,
    set: 'title = ?' | 'model_id = ?' | 'options = ?' | 'removed_at = ?',
    value: Value,
  ): void {
    const sql = `UPDATE conversations SET ${set} WHERE id = ? AND removed_at IS NULL`;
    if (this.#connection.run(sql, value, id) === 0) throw noConversation();
  }

  #touch(id: string): void {
    this.#connection.run(
      'UPDATE conversations SET updated_at = ? WHERE id = ?',
      new Date().toISOString(),
      id,
    );
  }

  #changeMessage(id: string, change: () => void): Message {
    return this.#connection.transaction(() => {
      const { conversationId } = this.message(id);
      change();
      this.#touch(conversationId);
      return this.message(id);
    });
  }

  #insert(message: NewMessage): string {
    this.#summary(message.conversationId);
    const id = message.id ?? randomUUID();
    this.#connection.run(
      `INSERT INTO messages (id, conversation_id, role, text, state, model_id, model_name, notes, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, '[]', ?)`,
      id,
      message.conversationId,
      message.role,
      message.text,
      message.state,
      message.modelId ?? null,
      message.modelName ?? null,
      message.createdAt ?? new Date().toISOString(),
    );
    this.#touch(message.conversationId);
    return id;
  }
}

function noConversation() {
  return notFound('conversation');
}

function noLongerComing() {
  return badArgument('this answer has ended already');
}
