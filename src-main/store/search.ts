import type { SearchHit } from '../contract/conversation.ts';
import type { Connection } from './connection.ts';

const MOST_HITS = 50;
/** about a line of the window */
const EXCERPT_WORDS = 16;
/** FTS5's ranking weighs every word at every match: a pasted page of words would take it seconds */
const MOST_WORDS = 16;

/**
 * A person's words as an FTS5 query: every word must occur, the last may be the beginning of one; words beyond the sixteenth
 * do not count. In quotes nothing they type (AND, NEAR, *, -, a column's name) means anything to FTS5. Undefined when there
 * is no word in it.
 */
export function searchExpression(query: string): string | undefined {
  // FTS5 reads a query up to its first NUL
  const typed = query
    .replaceAll('\0', ' ')
    .split(/\s+/)
    .filter((word) => /[\p{L}\p{N}\p{Co}]/u.test(word));
  if (typed.length === 0) return undefined;
  const words = [...new Set(typed)].slice(0, MOST_WORDS);
  return `${words.map((word) => `"${word.replaceAll('"', '""')}"`).join(' ')}*`;
}

/** What the words are found in, best first: titles, as a person gave or reads those, before messages. */
export function search(connection: Connection, query: string): SearchHit[] {
  const expression = searchExpression(query);
  if (expression === undefined) return [];
  // CROSS JOIN has the index come first: it then hands out the best without sorting what else matched
  const titles = connection.all<SearchHit>(
    `SELECT conversations.id AS conversationId, conversations.title, NULL AS messageId,
       snippet(titles_index, 0, char(2), char(3), '…', ${EXCERPT_WORDS}) AS excerpt
     FROM titles_index CROSS JOIN conversations ON conversations.number = titles_index.rowid
     WHERE titles_index MATCH ? AND conversations.removed_at IS NULL ORDER BY titles_index.rank LIMIT ?`,
    expression,
    MOST_HITS,
  );
  const messages = connection.all<SearchHit>(
    `SELECT conversations.id AS conversationId, conversations.title, messages.id AS messageId,
       snippet(messages_index, 0, char(2), char(3), '…', ${EXCERPT_WORDS}) AS excerpt
     FROM messages_index CROSS JOIN messages ON messages.number = messages_index.rowid
       CROSS JOIN conversations ON conversations.id = messages.conversation_id
     WHERE messages_index MATCH ? AND conversations.removed_at IS NULL ORDER BY messages_index.rank LIMIT ?`,
    expression,
    MOST_HITS - titles.length,
  );
  return [...titles, ...messages];
}
