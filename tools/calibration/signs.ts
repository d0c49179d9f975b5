import { qa } from './flow.ts';
import { roadSigns, scene, sign } from './signs-road.ts';
import { at, circle, line, rect, text, wrap } from './svg.ts';
import type { Font, Picture, Turn } from './svg.ts';

function awning(width: number, y: number, a: string, b: string): string[] {
  return [...Array(Math.ceil(width / 40)).keys()].map((i) =>
    rect(i * 40, y, 40, 46, { fill: i % 2 ? a : b }),
  );
}

function shop(
  name: string,
  title: string,
  sub: string,
  o: { wall: string; board: string; ink: string; stripe: string; font: Font },
  turns: Turn[],
  heldOut = false,
): Picture {
  const [w, h] = [600, 420];
  const body = [
    rect(0, 0, w, h, { fill: o.wall }),
    rect(30, 36, w - 60, 96, { fill: o.board, stroke: '#222', width: 2 }),
    text(w / 2, 88, title, { size: 44, bold: true, fill: o.ink, anchor: 'middle', font: o.font }),
    text(w / 2, 119, sub, { size: 19, fill: o.ink, anchor: 'middle', font: o.font }),
  ];
  body.push(
    ...awning(w, 146, o.stripe, '#ffffff'),
    rect(50, 200, 300, 170, { fill: '#bfd9e4', stroke: '#3d3d3d', width: 5 }),
    rect(420, 200, 120, 200, { fill: '#6b4a2f', stroke: '#3d3d3d', width: 4 }),
    rect(438, 218, 84, 90, { fill: '#cfe3ea' }),
    circle(526, 320, 5, { fill: '#e0c060' }),
    rect(0, 400, w, 20, { fill: '#8d8d8d' }),
  );
  return sign(name, w, h, body, turns, heldOut);
}

function shops(): Picture[] {
  return [
    shop(
      'boulangerie',
      'Boulangerie Martin',
      'Pain · Viennoiseries · Pâtisserie',
      { wall: '#e9dcc3', board: '#7a1f2b', ink: '#fff3d6', stripe: '#b5333f', font: 'notoSerif' },
      qa(
        ['What kind of shop is this?', 'A bakery (boulangerie).'],
        ['Que vend-on ici ?', 'Du pain, des viennoiseries et de la pâtisserie.'],
      ),
    ),
    shop(
      'key-cutting',
      'KEYS & HEELS',
      'while you wait · since 1974',
      { wall: '#c9b8a8', board: '#123c69', ink: '#ffd166', stripe: '#123c69', font: 'dejavu' },
      qa(
        ['What is the name of the shop?', 'KEYS & HEELS'],
        ['Since when has it existed?', 'Since 1974.'],
        ['What colours are the awning’s stripes?', 'Dark blue and white.'],
      ),
    ),
    shop(
      'panaderia',
      'Panadería La Espiga',
      'abierto de 7 a 14 h',
      { wall: '#f0e3cf', board: '#5f7f3a', ink: '#ffffff', stripe: '#d98e04', font: 'lato' },
      qa(['¿A qué hora abre la panadería?', 'A las 7.'], ['What colour is the door?', 'Brown.']),
      true,
    ),
  ];
}

function plates(): Picture[] {
  const hours = [
    ['Mon – Fri', '8:00 – 18:30'],
    ['Saturday', '9:00 – 13:00'],
    ['Sunday', 'closed'],
  ] as const;
  const door = [
    rect(0, 0, 380, 300, { fill: '#9fb8bf' }),
    rect(40, 30, 300, 240, { fill: '#fdfdfd', stroke: '#444', width: 2, radius: 12 }),
    text(190, 76, 'Opening hours', { size: 26, bold: true, anchor: 'middle', font: 'lato' }),
  ];
  hours.forEach(([d, h], i) =>
    door.push(
      text(64, 124 + i * 44, d, { size: 20, font: 'lato' }),
      text(316, 124 + i * 44, h, { size: 20, anchor: 'end', font: 'lato' }),
    ),
  );
  const platform = [
    rect(0, 0, 720, 260, { fill: '#31363d' }),
    rect(30, 40, 660, 150, { fill: '#0b2e59', radius: 6 }),
    rect(50, 60, 90, 110, { fill: '#ffffff' }),
    text(95, 142, '4', { size: 80, bold: true, anchor: 'middle', fill: '#0b2e59' }),
    text(170, 112, 'Ashcombe  11:26', { size: 40, fill: '#fff', font: 'sans' }),
    text(170, 156, 'via Dunmoor, Pelham Bridge', { size: 24, fill: '#ffd84d' }),
    line(120, 0, 120, 40, { stroke: '#888', width: 6 }),
    line(600, 0, 600, 40, { stroke: '#888', width: 6 }),
  ];
  const rules = ['No dogs on the sand from May to September.', 'No fires.', 'Take your litter home.'];
  const beach = [
    ...scene(460, 500, '#a9d6ee', '#e8d5a3'),
    rect(218, 380, 24, 120, { fill: '#7a5a38' }),
    rect(50, 40, 360, 350, { fill: '#f8f4e4', stroke: '#7a5a38', width: 8 }),
    text(230, 96, 'PELICAN BEACH', {
      size: 31,
      bold: true,
      anchor: 'middle',
      font: 'narrow',
      fill: '#14507a',
    }),
  ];
  let y = 150;
  rules.forEach((rule, i) => {
    beach.push(text(80, y, `${i + 1}.`, { size: 22, font: 'sans' }));
    for (const part of wrap(rule, 265, 22, 'sans')) {
      beach.push(text(112, y, part, { size: 22, font: 'sans' }));
      y += 30;
    }
    y += 16;
  });
  const names = ['Elm Street', 'Foundry Walk'];
  const corner = [
    ...scene(420, 460, '#d6e6ee', '#9a9a92'),
    rect(200, 60, 18, 400, { fill: '#4a4a4a' }),
    rect(60, 90, 300, 58, { fill: '#0f6b3c', stroke: '#fff', width: 4 }),
    text(210, 131, at(names, 0), { size: 34, bold: true, fill: '#fff', anchor: 'middle', font: 'narrow' }),
    rect(80, 168, 260, 58, { fill: '#0f6b3c', stroke: '#fff', width: 4 }),
    text(210, 209, at(names, 1), { size: 34, bold: true, fill: '#fff', anchor: 'middle', font: 'narrow' }),
  ];
  const parking = [
    ...scene(340, 500, '#ccdbe6', '#7c7f83'),
    rect(163, 150, 14, 350, { fill: '#777' }),
    rect(70, 40, 200, 300, { fill: '#0a57c2', radius: 12 }),
    text(170, 180, 'P', { size: 150, bold: true, fill: '#fff', anchor: 'middle' }),
    rect(84, 210, 172, 116, { fill: '#ffffff', radius: 6 }),
    text(170, 244, 'Max. 2 hours', { size: 22, anchor: 'middle' }),
    text(170, 276, '8 am – 6 pm', { size: 22, anchor: 'middle' }),
    text(170, 308, 'Disc required', { size: 22, anchor: 'middle' }),
  ];
  return [
    sign(
      'opening-hours',
      380,
      300,
      door,
      qa(
        ['Is the place open on Sundays?', 'No, it is closed on Sundays.'],
        ['How many hours is it open on Saturday?', '4'],
      ),
    ),
    sign(
      'platform',
      720,
      260,
      platform,
      qa(
        [
          'Where does the train on platform 4 go, and when does it leave?',
          'It goes to Ashcombe and leaves at 11:26.',
        ],
        ['Which places does it pass through?', 'Dunmoor and Pelham Bridge.'],
      ),
    ),
    sign(
      'beach',
      460,
      500,
      beach,
      qa(
        ['What is forbidden from May to September?', 'Dogs on the sand.'],
        ['Transcribe the sign.', `PELICAN BEACH\n${rules.map((r, i) => `${i + 1}. ${r}`).join('\n')}`],
      ),
    ),
    sign(
      'street-names',
      420,
      460,
      corner,
      qa(['Which two streets meet here?', 'Elm Street and Foundry Walk.']),
    ),
    sign(
      'parking',
      340,
      500,
      parking,
      qa(
        ['How long may one park here?', 'At most 2 hours.'],
        ['What is needed to park here?', 'A parking disc.'],
      ),
    ),
  ];
}

export function signs(): Picture[] {
  return [...roadSigns(), ...shops(), ...plates()];
}
