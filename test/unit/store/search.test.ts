import { describe, expect, it } from 'vitest';
import { options, pictureNamed, temporaryStore } from '../../helpers/store-parts.ts';

/** A store with a conversation for each of these messages, and what a search finds in it. */
function saying(...texts: string[]) {
  const { conversations, pictures } = temporaryStore();
  const begin = (title = 'Untitled') => conversations.create({ modelId: null, options, title }).id;
  const ids = texts.map((text) => {
    const id = begin();
    conversations.addQuestion(id, { text, pictures: [] });
    return id;
  });
  const textOf = (messageId: string | null) => (messageId ? conversations.message(messageId).text : null);
  return {
    conversations,
    pictures,
    begin,
    id: ids[0] ?? '',
    find: (query: string) => conversations.search(query).map(({ messageId }) => textOf(messageId)),
  };
}

describe('search', () => {
  it('finds words whatever their accents and their case', () => {
    const { find } = saying('Ein CAFÉ in Zürich', 'Nguyễn Huệ street', 'nothing of it');
    expect(find('cafe')).toEqual(['Ein CAFÉ in Zürich']);
    expect(find('ZURICH')).toEqual(['Ein CAFÉ in Zürich']);
    expect(find('nguyen hue')).toEqual(['Nguyễn Huệ street']);
    // typed with combining accents, as macOS does
    expect(find('cafe\u0301')).toEqual(['Ein CAFÉ in Zürich']);
  });

  it('finds a word from its beginning while it is being typed, and only the last one so', () => {
    const { find } = saying('the lighthouse keeper', 'a light breakfast');
    expect(find('lighth')).toEqual(['the lighthouse keeper']);
    expect(find('the lig')).toEqual(['the lighthouse keeper']);
    expect(find('ligh keeper')).toEqual([]);
    expect(find('house')).toEqual([]);
  });

  it('wants every word, in any order', () => {
    const { find } = saying('a red boat', 'a blue boat');
    expect(find('boat red')).toEqual(['a red boat']);
    expect(find('  red \n boat ')).toEqual(['a red boat']);
    expect(find('boat green')).toEqual([]);
  });

  it.each([
    'say "red',
    '"red boat"',
    '""',
    "it's",
    'red AND',
    'NOT red',
    'OR',
    'NEAR(red boat)',
    'red*',
    '*',
    '^red',
    '-red',
    'text:red',
    'red + boat',
    '(red',
    '{red} : boat',
    'red\0boat',
    '\ud800',
    '?!',
    'C:\\red\\boat',
    '🚢',
    '%_',
    "'; DROP TABLE messages; --",
    'a b c d e f g h i j k l m n o p q r s t u v w x y z',
    'x '.repeat(250),
  ])('takes %j for the words in it', (query) => {
    const { find } = saying('unrelated');
    expect(find(query)).toEqual([]);
  });

  it('finds words next to quotes, operators and punctuation', () => {
    const { find } = saying('He said "red boat" NOT a ship: foo-bar isn\'t C++');
    for (const query of [
      '"red boat"',
      'red NOT',
      'boat" (ship',
      'foo-bar',
      'foo-ba',
      "isn't",
      'c++',
      'red\0boat',
    ]) {
      expect(find(query), query).toHaveLength(1);
    }
    expect(find('red OR missing')).toEqual([]);
  });

  it('finds nothing for nothing', () => {
    const { find } = saying('something');
    for (const query of ['', ' \n ', '...', '🚢']) expect(find(query)).toEqual([]);
  });

  it('shows the words around a match and marks it', () => {
    const { conversations } = saying(`${'before '.repeat(40)}the red boat ${'after '.repeat(40)}`);
    const [hit] = conversations.search('red boat');
    expect(hit?.excerpt).toContain('the \u0002red\u0003 \u0002boat\u0003 after');
    expect(hit?.excerpt).toMatch(/^…before .* after…$/);
  });

  it('finds titles, before messages, by their present words', () => {
    const { conversations, id, begin } = saying('nothing of it', 'a boat boat boat');
    conversations.rename(id, 'Boats of Venice');
    begin('Trains');
    expect(conversations.search('boat')).toMatchObject([
      {
        in: 'title',
        messageId: null,
        title: 'Boats of Venice',
        excerpt: '\u0002Boats\u0003 of Venice',
        matches: 0,
      },
      { in: 'message', title: 'Untitled' },
    ]);
    expect(conversations.search('untitled').map(({ conversationId }) => conversationId)).not.toContain(id);
  });

  it('puts the message that is most about it first', () => {
    const { find } = saying(`boat ${'and many other words '.repeat(30)}`, 'boat boat');
    expect(find('boat')[0]).toBe('boat boat');
  });

  it('finds a conversation once, with its best place and how many there are', () => {
    const { conversations, id } = saying(`boat ${'and many other words '.repeat(30)}`);
    const best = conversations.addQuestion(id, { text: 'boat boat', pictures: [] });
    conversations.addQuestion(id, { text: 'another boat', pictures: [] });
    expect(conversations.search('boat')).toMatchObject([
      { messageId: best.id, excerpt: '\u0002boat\u0003 \u0002boat\u0003', matches: 3 },
    ]);
    conversations.rename(id, 'Boats');
    expect(conversations.search('boat')).toMatchObject([{ in: 'message', messageId: best.id, matches: 3 }]);
    conversations.remove(id);
    expect(conversations.search('boat')).toEqual([]);
  });

  it('knows the names of pictures, after what was said', () => {
    const { conversations, pictures, begin } = saying('where is the receipt?');
    const [receipt, other] = ['Receipt_2026-03.HEIC', 'boat.png'].map(
      (name) => pictures.add(pictureNamed(name)).hash,
    );
    const id = begin();
    const question = conversations.addQuestion(id, {
      text: 'How much?',
      pictures: [receipt ?? '', other ?? ''],
    });
    expect(conversations.search('receipt')).toMatchObject([
      { in: 'message' },
      { in: 'picture', messageId: question.id, excerpt: '\u0002Receipt\u0003_2026-03.HEIC', matches: 1 },
    ]);
    expect(conversations.search('heic 2026')).toHaveLength(1);
    // both pictures of one message are one place
    pictures.add({ ...pictureNamed('x'), name: 'receipt.png' });
    conversations.addQuestion(id, { text: '', pictures: [pictureNamed('x').hash] });
    expect(conversations.search('receipt')[1]).toMatchObject({ conversationId: id, matches: 2 });
  });

  it('forgets the names of pictures whose message was replaced or deleted', () => {
    const { conversations, pictures, begin } = saying();
    const { hash } = pictures.add(pictureNamed('receipt.jpg'));
    const id = begin();
    const question = conversations.addQuestion(id, { text: '', pictures: [hash] });
    conversations.replaceFrom(question.id, { answer: { ...question, id: 'answer', role: 'assistant' } });
    expect(conversations.search('receipt')).toEqual([]);
    conversations.addQuestion(id, { text: '', pictures: [hash] });
    conversations.remove(id);
    conversations.purgeRemoved();
    expect(conversations.search('receipt')).toEqual([]);
    expect(conversations.search('answer')).toEqual([]);
  });

  it('gives the fifty best and no more', () => {
    const { conversations, find } = saying(...Array.from({ length: 60 }, (_, i) => `boat ${i}`));
    conversations.create({ modelId: null, options, title: 'Boats' });
    expect(find('boat')).toHaveLength(50);
    expect(find('boat 59')).toEqual(['boat 59']);
  });
});
