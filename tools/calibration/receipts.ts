import { money, page, qa } from './flow.ts';
import type { Block } from './flow.ts';
import type { Font, Picture, Rng } from './svg.ts';

interface Shop {
  name: string;
  place: string;
  when: string;
  font: Font;
  paper: string;
  width: number;
  currency: 'gbp' | 'usd' | 'eur';
  goods: readonly string[];
  taxName: string;
  taxRate: number;
  taxInside: boolean;
  words: { total: string; cash: string; change: string; thanks: string };
  heldOut?: boolean;
}

const ENGLISH = { total: 'TOTAL', cash: 'Cash', change: 'Change', thanks: 'Thank you, come again' };

const SHOPS: readonly Shop[] = [
  {
    name: 'GREENGAGE MARKET',
    place: '22 Mill Road',
    when: '14/03/2024 17:42',
    font: 'mono',
    paper: '#fdfdfb',
    width: 360,
    currency: 'gbp',
    goods: ['Milk 2 l', 'Oat biscuits', 'Bananas', 'Dish soap', 'Cheddar 400 g'],
    taxName: 'VAT',
    taxRate: 0,
    taxInside: false,
    words: ENGLISH,
  },
  {
    name: 'Bäckerei Vogel',
    place: 'Hauptstr. 31, Kassel',
    when: '02.06.2024 07:15',
    font: 'typewriter',
    paper: '#fffef4',
    width: 340,
    currency: 'eur',
    goods: ['Roggenbrot', '4 Brötchen', 'Apfelkuchen', 'Kaffee groß'],
    taxName: 'inkl. MwSt 7%',
    taxRate: 0.07,
    taxInside: true,
    words: { total: 'SUMME', cash: 'Bar', change: 'Rückgeld', thanks: 'Vielen Dank!' },
  },
  {
    name: 'HARDWARE BARN',
    place: '880 Ridge Ave, Dayton',
    when: '11/30/2023 1:08 PM',
    font: 'mono',
    paper: '#f6f6f6',
    width: 400,
    currency: 'usd',
    goods: [
      'Paint brush 2 in',
      'Wood screws 100 ct',
      'Sandpaper 5 pk',
      'LED bulb',
      'Masking tape',
      'Work gloves',
    ],
    taxName: 'Sales tax 7.25%',
    taxRate: 0.0725,
    taxInside: false,
    words: ENGLISH,
  },
  {
    name: 'Librería El Faro',
    place: 'C/ Mayor 9, Vigo',
    when: '23/04/2024 12:30',
    font: 'typewriter',
    paper: '#ffffff',
    width: 350,
    currency: 'eur',
    goods: ['Novela', 'Cuaderno A5', 'Postales (3)'],
    taxName: 'IVA incl. 4%',
    taxRate: 0.04,
    taxInside: true,
    words: { total: 'TOTAL', cash: 'Efectivo', change: 'Cambio', thanks: 'Gracias por su visita' },
  },
  {
    name: 'CORNER CAFE',
    place: 'Platform 2',
    when: '05/01/2024 08:51',
    font: 'typewriter',
    paper: '#fbf7ef',
    width: 300,
    currency: 'gbp',
    goods: ['Cappuccino', 'Croissant', 'Orange juice'],
    taxName: 'VAT',
    taxRate: 0,
    taxInside: false,
    words: ENGLISH,
  },
  {
    name: 'PHARMACIE DU PORT',
    place: '4 quai Ouest, Brest',
    when: '18/09/2023 16:05',
    font: 'mono',
    paper: '#f7fbf7',
    width: 370,
    currency: 'eur',
    goods: ['Pansements', 'Sirop toux', 'Crème solaire', 'Thermomètre'],
    taxName: 'TVA incl. 10%',
    taxRate: 0.1,
    taxInside: true,
    words: { total: 'TOTAL', cash: 'Espèces', change: 'Rendu', thanks: 'Bonne journée' },
    heldOut: true,
  },
  {
    name: 'PAWS & CLAWS PET SHOP',
    place: 'Unit 6, Canal Park',
    when: '27/07/2024 10:20',
    font: 'mono',
    paper: '#ffffff',
    width: 380,
    currency: 'gbp',
    goods: ['Dog food 3 kg', 'Squeaky duck', 'Lead, red', 'Bird seed'],
    taxName: 'VAT',
    taxRate: 0,
    taxInside: false,
    words: ENGLISH,
  },
];

export function receipts(rng: Rng): Picture[] {
  return SHOPS.map((shop): Picture => {
    const lines = shop.goods.map((item) => ({ item, cents: rng.int(18, 160) * 5 + rng.pick([0, 4]) }));
    // Two equal prices would leave "the dearest" without one true answer.
    for (const [i, entry] of lines.entries()) {
      while (lines.some((other, j) => j !== i && other.cents === entry.cents)) entry.cents += 15;
    }
    const show = (cents: number): string => money(cents, shop.currency);
    const goods = lines.reduce((sum, entry) => sum + entry.cents, 0);
    const tax = shop.taxInside
      ? Math.round(goods - goods / (1 + shop.taxRate))
      : Math.round(goods * shop.taxRate);
    const total = shop.taxInside ? goods : goods + tax;
    const given = Math.ceil((total + 1) / 1000) * 1000;
    const dearest = lines.reduce((a, b) => (b.cents > a.cents ? b : a));
    const asked = rng.pick(lines.filter((entry) => entry !== dearest));
    const style = { width: shop.width, margin: 26, font: shop.font, size: 15, paper: shop.paper };
    const taxRow: Block[] = shop.taxRate > 0 ? [{ t: 'row', left: shop.taxName, right: show(tax) }] : [];
    const blocks: Block[] = [
      { t: 'title', s: shop.name },
      { t: 'centre', s: shop.place },
      { t: 'centre', s: shop.when },
      { t: 'rule' },
      ...lines.map((entry): Block => ({ t: 'row', left: entry.item, right: show(entry.cents) })),
      { t: 'rule' },
      ...taxRow,
      { t: 'row', left: shop.words.total, right: show(total), bold: true },
      { t: 'row', left: shop.words.cash, right: show(given) },
      { t: 'row', left: shop.words.change, right: show(given - total) },
      { t: 'gap', by: 12 },
      { t: 'centre', s: shop.words.thanks },
    ];
    const choices = [
      ['What is the total on this receipt?', show(total)],
      [`How much did "${asked.item}" cost?`, show(asked.cents)],
      ['Which item was the most expensive?', `${dearest.item}, at ${show(dearest.cents)}.`],
      ['How much change was given?', show(given - total)],
      ['How many lines of goods are on the receipt?', String(lines.length)],
      [
        'List every item with its price.',
        lines.map((entry) => `${entry.item}: ${show(entry.cents)}`).join('\n'),
      ],
      [
        'Which shop is this receipt from, and when was it printed?',
        `It is from ${shop.name}, ${shop.place}, printed on ${shop.when}.`,
      ],
    ] as const;
    const turns = qa(...rng.shuffle(choices).slice(0, rng.int(2, 3)));
    return page('receipt', 'receipt', style, blocks, turns, shop.heldOut ?? false);
  });
}
