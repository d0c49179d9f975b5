import { money, page, qa } from './flow.ts';
import type { Block } from './flow.ts';
import { listOf } from './svg.ts';
import type { Picture } from './svg.ts';

export function paperwork(): Picture[] {
  const f = { name: 'Tomasz Wieczorek', born: '09/07/1988', town: 'Leeds', plan: 'Family' };
  const form = page(
    'form',
    'document',
    { width: 560, margin: 40, font: 'sans', size: 16, accent: '#0d5c4b', paper: '#f4f8f6' },
    [
      { t: 'title', s: 'Swimming Club Membership' },
      { t: 'field', label: 'Full name', value: f.name },
      { t: 'field', label: 'Date of birth (dd/mm/yyyy)', value: f.born },
      { t: 'field', label: 'Town', value: f.town },
      { t: 'heading', s: 'Membership type' },
      ...['Single', 'Family', 'Student'].map((label): Block => ({ t: 'check', label, on: label === f.plan })),
      { t: 'gap', by: 12 },
      { t: 'check', label: 'I would like to receive the newsletter', on: false },
    ],
    qa(
      ['What name was entered?', f.name],
      ['Which membership type is ticked?', f.plan],
      ['Did the applicant ask for the newsletter?', 'No, that box is empty.'],
    ),
  );
  const items: [string, number, number][] = [
    ['Oak shelf, 120 cm', 2, 4800],
    ['Wall bracket', 4, 950],
    ['Delivery', 1, 1500],
  ];
  const net = items.reduce((s, [, n, c]) => s + n * c, 0);
  const vat = Math.round(net * 0.2);
  const invoice = page(
    'invoice',
    'document',
    { width: 640, margin: 46, font: 'noto', size: 16, accent: '#333a7a' },
    [
      { t: 'heading', s: 'Holloway Joinery Ltd' },
      { t: 'row', left: 'Invoice 20418', right: '7 February 2024' },
      { t: 'row', left: 'Bill to: Priya Nair', right: 'Due: 21 February 2024' },
      { t: 'rule' },
      ...items.map(([what, n, c]): Block => ({
        t: 'row',
        left: `${n} × ${what} at ${money(c, 'gbp')}`,
        right: money(n * c, 'gbp'),
      })),
      { t: 'rule' },
      { t: 'row', left: 'Net', right: money(net, 'gbp') },
      { t: 'row', left: 'VAT 20%', right: money(vat, 'gbp') },
      { t: 'row', left: 'Total', right: money(net + vat, 'gbp'), bold: true },
    ],
    qa(
      ['What is the invoice total?', money(net + vat, 'gbp')],
      [
        'Who is the invoice addressed to, and when is it due?',
        'It is addressed to Priya Nair and due on 21 February 2024.',
      ],
      [
        'Return the line items as JSON with the keys "item", "quantity" and "total".',
        JSON.stringify(items.map(([item, quantity, c]) => ({ item, quantity, total: (quantity * c) / 100 }))),
      ],
    ),
  );
  const shopping = [
    'eggs (12)',
    'rye bread',
    'tomatoes',
    'washing powder',
    'batteries AA',
    'birthday card for Sam',
  ];
  const note = page(
    'note',
    'document',
    {
      width: 300,
      margin: 28,
      font: 'notoSerif',
      size: 19,
      ink: '#1d3f8f',
      accent: '#c0392b',
      paper: '#fff7b8',
    },
    [
      { t: 'heading', s: 'Saturday' },
      { t: 'list', items: shopping },
    ],
    qa(
      ['Whose birthday is coming up, according to this note?', "Sam's"],
      ['What is on the list?', `The list has ${listOf(shopping)}.`],
    ),
  );
  const talks: [string, string][] = [
    ['09:30', 'Welcome'],
    ['10:00', 'Moss and its uses'],
    ['11:15', 'Coffee break'],
    ['11:45', 'Ponds in small gardens'],
    ['13:00', 'Lunch'],
    ['14:15', 'Guided walk'],
  ];
  const programme = page(
    'programme',
    'document',
    { width: 430, margin: 38, font: 'dejavu', size: 15, accent: '#2d6a2d' },
    [
      { t: 'title', s: 'Garden Day' },
      { t: 'centre', s: 'Sunday 19 May, Town Hall' },
      { t: 'rule' },
      ...talks.map(([left, right]): Block => ({ t: 'row', left, right })),
    ],
    qa(
      ['What happens at 11:45?', 'Ponds in small gardens'],
      [
        'Turn the programme into a Markdown table.',
        `| Time | Item |\n| --- | --- |\n${talks.map(([a, b]) => `| ${a} | ${b} |`).join('\n')}`,
      ],
    ),
  );
  return [form, invoice, note, programme];
}
