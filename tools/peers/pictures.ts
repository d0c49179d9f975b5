/** Pictures to ask about, as SVG that needs no font. */

const COLOURS = {
  red: '#ff0000',
  green: '#008000',
  blue: '#0000ff',
  yellow: '#ffe000',
  purple: '#800080',
  orange: '#ff8c00',
  black: '#000000',
} as const;
type Colour = keyof typeof COLOURS;

const circle = (x: number, y: number, radius: number, colour: Colour) =>
  `<circle cx="${x}" cy="${y}" r="${radius}" fill="${COLOURS[colour]}"/>`;
const rect = (x: number, y: number, width: number, height: number, colour: Colour) =>
  `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${COLOURS[colour]}"/>`;
const square = (x: number, y: number, side: number, colour: Colour) => rect(x, y, side, side, colour);
const triangle = (x: number, y: number, side: number, colour: Colour) =>
  `<polygon points="${x},${y + side} ${x + side},${y + side} ${x + side / 2},${y}" fill="${COLOURS[colour]}"/>`;

// Strokes in a box of 2 by 4: fonts are not the same on every machine.
const LETTERS: Readonly<Record<string, string>> = {
  a: 'M0 4V1L1 0L2 1V4M0 2.4H2',
  c: 'M2 0H0V4H2',
  s: 'M2 0H0V2H2V4H0',
  u: 'M0 0V4H2V0',
  n: 'M0 4V0L2 4V0',
  t: 'M0 0H2M1 0V4',
};

function word(letters: string, x: number, y: number, unit: number): string {
  const strokes = [...letters].map((letter, i) => {
    const path = LETTERS[letter];
    if (!path) throw new Error(`no strokes for the letter ${letter}`);
    return `<path d="${path}" transform="translate(${x + i * 3 * unit} ${y}) scale(${unit})"/>`;
  });
  return `<g fill="none" stroke="#000" stroke-width="0.6">${strokes.join('')}</g>`;
}

interface PictureCase {
  width: 112 | 140;
  height: 112 | 140;
  paper?: string;
  body: string;
  question: string;
}

// Questions that the model knows how to read: it was trained on short ones in American spelling. Not every answer is
// right, which does not matter here; what matters is that they differ and depend on the picture.
export const PICTURES: readonly PictureCase[] = [
  { width: 112, height: 112, body: circle(56, 56, 34, 'red'), question: 'What color is the circle?' },
  { width: 140, height: 112, body: circle(70, 56, 36, 'blue'), question: 'What shape is this?' },
  { width: 140, height: 140, body: square(40, 44, 56, 'green'), question: 'What color is the square?' },
  {
    width: 112,
    height: 112,
    paper: '#d0d0ff',
    body: circle(56, 56, 34, 'yellow'),
    question: 'Describe the image.',
  },
  { width: 112, height: 112, body: triangle(26, 26, 60, 'black'), question: 'Is it red?' },
  {
    width: 112,
    height: 140,
    body: circle(36, 40, 26, 'red') + square(60, 84, 44, 'blue'),
    question: 'Is there a blue circle?',
  },
  {
    width: 140,
    height: 112,
    body: square(12, 30, 44, 'green') + triangle(80, 34, 46, 'yellow'),
    question: 'How many shapes are there?',
  },
  {
    width: 140,
    height: 140,
    body: circle(36, 36, 22, 'purple') + circle(100, 40, 22, 'purple') + circle(70, 100, 22, 'purple'),
    question: 'What color are the circles?',
  },
  {
    width: 112,
    height: 140,
    body: triangle(8, 44, 44, 'orange') + triangle(60, 44, 44, 'orange'),
    question: 'What shape is orange?',
  },
  {
    width: 140,
    height: 140,
    body: [
      square(12, 12, 40, 'red'),
      square(84, 12, 40, 'red'),
      square(12, 84, 40, 'red'),
      square(84, 84, 40, 'red'),
    ].join(''),
    question: 'How many squares are there?',
  },
  {
    width: 140,
    height: 140,
    body: rect(16, 70, 24, 58, 'red') + rect(58, 24, 24, 104, 'blue') + rect(100, 98, 24, 30, 'green'),
    question: 'How many bars are there?',
  },
  { width: 140, height: 112, body: word('cat', 20, 34, 11), question: 'What word is written?' },
];
