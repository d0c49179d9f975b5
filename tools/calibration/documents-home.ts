import { money, page, qa } from './flow.ts';
import type { Block } from './flow.ts';
import type { Picture } from './svg.ts';

export function kitchen(): Picture[] {
  const ingredients = [
    '250 g red lentils',
    '1 onion, chopped',
    '2 carrots, diced',
    '1 tin of tomatoes',
    '1 litre vegetable stock',
    '2 tsp ground cumin',
  ];
  const steps = [
    'Fry the onion and cumin in oil for 5 minutes.',
    'Add the carrots, lentils, tomatoes and stock.',
    'Simmer for 25 minutes, then blend half of the soup.',
    'Serve with lemon and flat bread.',
  ];
  const recipe = page(
    'recipe',
    'document',
    {
      width: 540,
      margin: 40,
      font: 'roboto',
      headFont: 'notoSerif',
      size: 17,
      accent: '#a34a12',
      paper: '#fff9f0',
    },
    [
      { t: 'title', s: 'Red Lentil Soup' },
      { t: 'centre', s: 'Serves 4 · 40 minutes' },
      { t: 'rule' },
      { t: 'heading', s: 'Ingredients' },
      { t: 'list', items: ingredients },
      { t: 'heading', s: 'Method' },
      { t: 'list', items: steps, numbered: true },
    ],
    qa(
      ['How many ingredients are listed?', String(ingredients.length)],
      ['For how long does the soup simmer?', '25 minutes'],
      ['List the ingredients as plain text, one per line.', ingredients.join('\n')],
    ),
  );
  const dishes: [string, number][] = [
    ['Tortilla española', 650],
    ['Gazpacho', 520],
    ['Calamares a la romana', 980],
    ['Croquetas caseras', 740],
    ['Flan de huevo', 410],
  ];
  const dearest = dishes.reduce((a, b) => (b[1] > a[1] ? b : a));
  const carta = page(
    'menu',
    'document',
    {
      width: 500,
      margin: 46,
      font: 'dejavuSerif',
      size: 16,
      accent: '#7a1f3d',
      paper: '#fdf3e7',
      border: true,
    },
    [
      { t: 'title', s: 'Casa Lucía' },
      { t: 'centre', s: 'Tapas y raciones' },
      { t: 'rule' },
      ...dishes.map(([left, c]): Block => ({ t: 'row', left, right: money(c, 'eur'), dots: true })),
      { t: 'gap', by: 10 },
      { t: 'small', s: 'IVA incluido. Cerrado los lunes.' },
    ],
    qa(
      ['¿Cuál es el plato más caro?', `${dearest[0]}, ${money(dearest[1], 'eur')}.`],
      ['¿Qué día cierra el restaurante?', 'El lunes.'],
      [
        'How much would one of every dish cost in total?',
        money(
          dishes.reduce((s, d) => s + d[1], 0),
          'eur',
        ),
      ],
    ),
  );
  const drinks: [string, number][] = [
    ['Filter coffee', 260],
    ['Flat white', 340],
    ['Loose-leaf tea', 290],
    ['Hot chocolate', 360],
  ];
  const food: [string, number][] = [
    ['Cheese toastie', 595],
    ['Soup of the day', 550],
    ['Carrot cake', 410],
  ];
  const cafe = page(
    'menu',
    'document',
    { width: 380, margin: 34, font: 'lato', size: 18, ink: '#f2efe6', accent: '#f4c95d', paper: '#26332d' },
    [
      { t: 'title', s: 'The Slow Spoon' },
      { t: 'heading', s: 'Drinks' },
      ...drinks.map(([left, c]): Block => ({ t: 'row', left, right: money(c, 'gbp') })),
      { t: 'heading', s: 'Food' },
      ...food.map(([left, c]): Block => ({ t: 'row', left, right: money(c, 'gbp') })),
    ],
    qa(
      ['How much is a flat white?', money(340, 'gbp')],
      [
        'What does a cheese toastie with a loose-leaf tea cost?',
        `${money(595, 'gbp')} + ${money(290, 'gbp')} = ${money(885, 'gbp')}`,
      ],
    ),
    true,
  );
  return [recipe, carta, cafe];
}

export function prose(): Picture[] {
  const paras = [
    'The ferry had been late so often that summer that nobody looked up when it rounded the point. Only Ines, who sold tickets, kept the true time in a blue notebook.',
    'On the last page she had written a single line: it is not the boat that is slow, it is the island that waits so well.',
  ];
  const book = page(
    'book-page',
    'document',
    { width: 470, margin: 52, font: 'serif', size: 19, paper: '#faf6ea' },
    [
      { t: 'centre', s: 'THE BLUE NOTEBOOK' },
      { t: 'gap', by: 14 },
      ...paras.map((s): Block => ({ t: 'para', s })),
      { t: 'centre', s: '– 47 –' },
    ],
    qa(
      ['Transcribe the two paragraphs on this page.', paras.join('\n\n')],
      ['What is the page number?', '47'],
      ['What did Ines do for a living?', 'She sold ferry tickets.'],
    ),
  );
  const seat = { from: 'Bern', to: 'Milano', coach: '7', seat: '42', dep: '08:34', arr: '11:50' };
  const ticket = page(
    'ticket',
    'document',
    { width: 520, margin: 30, font: 'narrow', size: 21, accent: '#a01010', paper: '#f7ecd7', border: true },
    [
      { t: 'heading', s: 'ALPINE RAIL   Single ticket, 2nd class' },
      { t: 'row', left: `From ${seat.from}`, right: `To ${seat.to}`, bold: true },
      { t: 'row', left: `Departs ${seat.dep}`, right: `Arrives ${seat.arr}` },
      { t: 'row', left: `Coach ${seat.coach}   Seat ${seat.seat}`, right: 'CHF 61.00' },
      { t: 'small', s: 'Valid on 24 August only. No refund after departure.' },
    ],
    qa(
      ['Which seat is reserved?', `Coach ${seat.coach}, seat ${seat.seat}.`],
      ['How long is the journey?', '3 hours and 16 minutes, from 08:34 to 11:50.'],
    ),
  );
  const clip = page(
    'clipping',
    'document',
    { width: 420, margin: 26, font: 'serif', headFont: 'dejavuSerif', size: 17, paper: '#f2eee3' },
    [
      { t: 'heading', s: 'Stolen bell returned after 41 years' },
      { t: 'small', s: 'By our reporter, Whitcombe' },
      {
        t: 'para',
        s: 'A ship’s bell taken from the Whitcombe museum in 1983 was left on its steps on Sunday night, wrapped in a wool blanket. A note read: “Sorry. It was a dare.”',
      },
      {
        t: 'para',
        s: 'Curator Helen Adeyemi said the bell would be back on display by Easter and that no charges would be brought.',
      },
    ],
    qa(
      ['What is the headline?', 'Stolen bell returned after 41 years'],
      ['In which year was the bell taken?', '1983'],
      ['What did the note say?', '“Sorry. It was a dare.”'],
    ),
    true,
  );
  return [book, ticket, clip];
}
