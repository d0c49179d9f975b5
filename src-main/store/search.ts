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
function searchExpression(query: string): string | undefined {
  // FTS5 reads a query up to its first NUL
  const typed = query
    .replaceAll('\0', ' ')
    .split(/\s+/)
    .filter((word) => /[\p{L}\p{N}\p{Co}]/u.test(word));
  if (typed.length === 0) return undefined;
  const words = [...new Set(typed)].slice(0, MOST_WORDS);
  return `${words.map((word) => `"${word.replaceAll('"', '""')}"`).join(' ')}*`;
}

/** A conversation's best match outside its title. */
interface Match extends Omit<SearchHit, 'in' | 'excerpt'> {
  readonly inPicture: 0 | 1;
  /** number of the row that the index of messages, or that of pictures' names, points at */
  readonly row: number;
}

// The excerpt is made for the best of a conversation alone. Any words rank before the name of any picture: FTS5's ranks are some tens.
const MATCHES = `
  WITH said AS MATERIALIZED (SELECT rowid, rank FROM messages_index WHERE messages_index MATCH ?),
    named AS MATERIALIZED (SELECT rowid, rank FROM picture_names_index WHERE picture_names_index MATCH ?),
    found AS (
      SELECT messages.id, messages.conversation_id, 0 AS in_picture, said.rowid AS row, said.rank
        FROM said CROSS JOIN messages ON messages.number = said.rowid
      UNION ALL
      SELECT messages.id, messages.conversation_id, 1, named.rowid, 1000 + named.rank
        FROM named CROSS JOIN message_pictures ON message_pictures.number = named.rowid
        CROSS JOIN messages ON messages.id = message_pictures.message_id
    )
  SELECT conversations.id AS conversationId, conversations.title, found.id AS messageId, found.in_picture AS inPicture, found.row,
    min(found.rank) AS best, count(DISTINCT found.id) AS matches
  FROM found CROSS JOIN conversations ON conversations.id = found.conversation_id
  WHERE conversations.removed_at IS NULL GROUP BY conversations.id ORDER BY best LIMIT ${MOST_HITS}`;

// CROSS JOIN has the index come first: it then hands out the best without sorting what else matched
const TITLES = `
  SELECT conversations.id AS conversationId, conversations.title,
    snippet(titles_index, 0, char(2), char(3), '…', ${EXCERPT_WORDS}) AS excerpt
  FROM titles_index CROSS JOIN conversations ON conversations.number = titles_index.rowid
  WHERE titles_index MATCH ? AND conversations.removed_at IS NULL ORDER BY titles_index.rank LIMIT ${MOST_HITS}`;

/**
 * Conversations that the words are found in, each once, best first: by titles, as a person gave or reads those, before messages, and
 * those before the names of their pictures.
 */
export function search(connection: Connection, query: string): SearchHit[] {
  const expression = searchExpression(query);
  if (expression === undefined) return [];
  const titles = connection.all<Pick<SearchHit, 'conversationId' | 'title' | 'excerpt'>>(TITLES, expression);
  const matches = connection.all<Match>(MATCHES, expression, expression);
  const byConversation = new Map(matches.map((match) => [match.conversationId, match]));
  const titled = titles.map((title): SearchHit => {
    const match = byConversation.get(title.conversationId);
    byConversation.delete(title.conversationId);
    return match
      ? withExcerpt(connection, expression, match)
      : { ...title, in: 'title', messageId: null, matches: 0 };
  });
  const others = [...byConversation.values()].slice(0, MOST_HITS - titled.length);
  return [...titled, ...others.map((match) => withExcerpt(connection, expression, match))];
}

function withExcerpt(
  connection: Connection,
  expression: string,
  { conversationId, title, messageId, inPicture, row, matches }: Match,
): SearchHit {
  // FTS5 takes a row's number as an integer alone, and a JavaScript number is none
  const index = inPicture === 1 ? 'picture_names_index' : 'messages_index';
  const found = connection.one<{ excerpt: string }>(
    `SELECT snippet(${index}, 0, char(2), char(3), '…', ${EXCERPT_WORDS}) AS excerpt
     FROM ${index} WHERE ${index} MATCH ? AND rowid = CAST(? AS INTEGER)`,
    expression,
    row,
  );
  const excerpt = found?.excerpt ?? '';
  return { conversationId, title, in: inPicture === 1 ? 'picture' : 'message', messageId, excerpt, matches };
}
