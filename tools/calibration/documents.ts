import { paperwork } from './documents-forms.ts';
import { kitchen, prose } from './documents-home.ts';
import { page, qa } from './flow.ts';
import type { Block } from './flow.ts';
import { listOf } from './svg.ts';
import type { Picture } from './svg.ts';

function letters(): Picture[] {
  const flat = { street: '14 Harbour Lane', since: '3 November', engineer: 'Tuesday', ref: 'HL-2209' };
  const body = [
    `I am writing about the heating in the flat at ${flat.street}. It has not worked since ${flat.since}, and the radiator in the back bedroom has begun to drip.`,
    `The engineer promised for last ${flat.engineer} did not come. Please let me know a new date within five working days, or I will ask the council to inspect the building.`,
  ] as const;
  const english = page(
    'letter',
    'document',
    { width: 620, margin: 48, font: 'serif', size: 18 },
    [
      { t: 'right', s: 'Miriam Oyelaran' },
      { t: 'right', s: flat.street },
      { t: 'right', s: '16 November 2023' },
      { t: 'gap', by: 18 },
      { t: 'para', s: 'Dalton & Reeve Lettings' },
      { t: 'para', s: `Our reference: ${flat.ref}` },
      { t: 'gap', by: 8 },
      { t: 'para', s: 'Dear Mr Dalton,' },
      { t: 'para', s: body[0] },
      { t: 'para', s: body[1] },
      { t: 'para', s: 'Yours sincerely,' },
      { t: 'italic', s: 'M. Oyelaran' },
    ],
    qa(
      ['What is the reference number in this letter?', flat.ref],
      ['Since when has the heating not worked?', `Since ${flat.since}.`],
      [
        'Summarise the letter in a few sentences.',
        `A tenant, Miriam Oyelaran, writes to Dalton & Reeve Lettings about broken heating at ${flat.street}. It has been out since ${flat.since}, a radiator is dripping, and the engineer did not come on ${flat.engineer}. She asks for a new date within five working days and will otherwise ask the council to inspect the building.`,
      ],
    ),
  );
  const german = page(
    'letter',
    'document',
    { width: 560, margin: 44, font: 'notoSerif', size: 15, paper: '#fbf8ef' },
    [
      { t: 'right', s: 'Freiburg, den 2. Mai 2024' },
      { t: 'gap', by: 10 },
      { t: 'heading', s: 'Einladung zum Sommerfest' },
      { t: 'para', s: 'Liebe Nachbarinnen und Nachbarn,' },
      {
        t: 'para',
        s: 'am Samstag, dem 15. Juni, feiern wir ab 16 Uhr im Hof der Lindenstraße 8. Für Getränke ist gesorgt; bitte bringt einen Salat oder einen Kuchen mit.',
      },
      {
        t: 'para',
        s: 'Bei Regen treffen wir uns im Gemeindesaal. Meldet euch bis zum 1. Juni bei Familie Brandt an.',
      },
      { t: 'italic', s: 'Herzliche Grüße, Anke und Jörg Brandt' },
    ],
    qa(
      ['Wann beginnt das Fest?', 'Am Samstag, dem 15. Juni, um 16 Uhr.'],
      ['Was sollen die Gäste mitbringen?', 'Einen Salat oder einen Kuchen.'],
      ['Where will the party be held if it rains?', 'In the parish hall (Gemeindesaal).'],
    ),
  );
  return [english, german];
}

function notices(): Picture[] {
  const days = ['Monday 4 March', 'Tuesday 5 March', 'Wednesday 6 March'];
  const library = page(
    'notice',
    'document',
    { width: 480, margin: 40, font: 'lato', size: 20, accent: '#8b1e1e', paper: '#fffdf5', border: true },
    [
      { t: 'title', s: 'LIBRARY CLOSED' },
      { t: 'centre', s: 'for roof repairs' },
      { t: 'rule' },
      { t: 'list', items: days },
      { t: 'para', s: 'Books due on these days may be returned until Friday 8 March without a fine.' },
      { t: 'small', s: 'The book drop beside the east door stays open.' },
    ],
    qa(
      ['Why is the library closed?', 'For roof repairs.'],
      ['On which days is it closed?', `It is closed on ${listOf(days)}.`],
      [
        'How can books still be returned while the library is closed?',
        'Through the book drop beside the east door.',
      ],
    ),
  );
  const water = page(
    'notice',
    'document',
    { width: 520, margin: 42, font: 'noto', size: 17, accent: '#0b4f8a', paper: '#eef6fc' },
    [
      { t: 'title', s: 'AVIS AUX HABITANTS' },
      { t: 'heading', s: "Coupure d'eau" },
      { t: 'para', s: "L'eau sera coupée le jeudi 12 octobre de 8 h 30 à 14 h dans les rues suivantes :" },
      { t: 'list', items: ['rue des Tilleuls', 'rue du Moulin', 'impasse des Roses'] },
      { t: 'para', s: 'Pensez à remplir quelques bouteilles la veille. Renseignements : 03 80 55 01 27.' },
      { t: 'right', s: 'La mairie' },
    ],
    qa(
      ["Quel jour l'eau sera-t-elle coupée ?", 'Le jeudi 12 octobre.'],
      ['How long will the water be cut off?', 'From 8:30 to 14:00, which is five and a half hours.'],
      ['Quelles rues sont concernées ?', 'La rue des Tilleuls, la rue du Moulin et l’impasse des Roses.'],
    ),
    true,
  );
  const poem = [
    'The kettle hums, the window fogs,',
    'a bus goes by with sleepy lights,',
    'and rain is combing all the dogs',
    'that walk their people home at nights.',
  ];
  const poster = page(
    'poem',
    'document',
    { width: 460, margin: 50, font: 'dejavuSerif', size: 17, accent: '#314a2f', paper: '#f3f7ec' },
    [
      { t: 'title', s: 'November' },
      ...poem.map((s): Block => ({ t: 'para', s })),
      { t: 'right', s: '— L. Farrow' },
    ],
    qa(
      ['Transcribe the poem.', `November\n\n${poem.join('\n')}\n\n— L. Farrow`],
      ['How many lines does the poem have, not counting the title?', '4'],
    ),
  );
  return [library, water, poster];
}

export function documents(): Picture[] {
  return [...letters(), ...notices(), ...kitchen(), ...paperwork(), ...prose()];
}
