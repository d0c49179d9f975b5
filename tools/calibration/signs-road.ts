import { qa } from './flow.ts';
import { circle, path, polygon, rect, sheet, text } from './svg.ts';
import type { Picture, Turn } from './svg.ts';

/** A sign stands in a plain scene, so that the model has to find it before reading it. */
export function scene(width: number, height: number, sky: string, ground: string): string[] {
  return [
    rect(0, 0, width, height, { fill: sky }),
    rect(0, height * 0.82, width, height * 0.18, { fill: ground }),
  ];
}

export function sign(
  name: string,
  width: number,
  height: number,
  body: string[],
  turns: Turn[],
  heldOut = false,
): Picture {
  return { name, kind: 'sign', width, height, svg: sheet(width, height, '#ffffff', body), turns, heldOut };
}

export function roadSigns(): Picture[] {
  const octagon = [...Array(8).keys()].map((i) => {
    const a = ((i + 0.5) * Math.PI) / 4;
    return [200 + 110 * Math.cos(a), 150 + 110 * Math.sin(a)] as const;
  });
  const stop = [
    ...scene(400, 420, '#bcdcf2', '#7fa36b'),
    rect(193, 250, 14, 170, { fill: '#8a8a8a' }),
    polygon(octagon, { fill: '#c1121f', stroke: '#ffffff', width: 8 }),
    text(200, 170, 'STOP', { size: 62, bold: true, fill: '#fff', anchor: 'middle', font: 'narrow' }),
  ];
  const limit = [
    ...scene(360, 480, '#dfe7ec', '#8c8c86'),
    rect(174, 200, 12, 280, { fill: '#777' }),
    circle(180, 150, 96, { fill: '#fff', stroke: '#c1121f', width: 20 }),
    text(180, 178, '30', { size: 82, bold: true, anchor: 'middle' }),
    rect(110, 264, 140, 52, { fill: '#fff', stroke: '#222', width: 3, radius: 5 }),
    text(180, 298, 'School', { size: 25, anchor: 'middle' }),
  ];
  const rows = [
    ['Norwick', 12],
    ['Thornby', 27],
    ['Saltmere', 54],
  ] as const;
  const direction = [
    ...scene(620, 420, '#cfe5f7', '#86a86f'),
    rect(140, 280, 16, 140, { fill: '#777' }),
    rect(460, 280, 16, 140, { fill: '#777' }),
    rect(60, 50, 500, 240, { fill: '#00693e', stroke: '#fff', width: 6, radius: 14 }),
  ];
  rows.forEach(([town, km], i) =>
    direction.push(
      text(96, 116 + i * 68, town, { size: 42, fill: '#fff', bold: true, font: 'narrow' }),
      text(524, 116 + i * 68, `${km} km`, { size: 42, fill: '#fff', anchor: 'end', font: 'narrow' }),
    ),
  );
  const exit = [
    ...scene(640, 360, '#b9d3ea', '#5d6066'),
    rect(120, 50, 400, 180, { fill: '#0a4ea2', stroke: '#fff', width: 6, radius: 8 }),
    text(150, 120, 'Ausfahrt 14', { size: 38, fill: '#fff', bold: true, font: 'roboto' }),
    text(150, 184, 'Neustadt-Süd', { size: 46, fill: '#fff', font: 'roboto' }),
    path('M440 120L490 75M490 75l-24 2M490 75l-2 24', { stroke: '#fff', width: 8 }),
    rect(200, 230, 12, 130, { fill: '#888' }),
    rect(430, 230, 12, 130, { fill: '#888' }),
  ];
  const warning = [
    ...scene(420, 420, '#e9eef0', '#a58f6d'),
    rect(204, 260, 12, 160, { fill: '#777' }),
    polygon(
      [
        [210, 50],
        [360, 290],
        [60, 290],
      ],
      { fill: '#ffd500', stroke: '#111', width: 12 },
    ),
    polygon(
      [
        [210, 120],
        [275, 250],
        [145, 250],
      ],
      { fill: '#444' },
    ),
    circle(282, 214, 15, { fill: '#444' }),
    circle(300, 250, 11, { fill: '#444' }),
    rect(110, 308, 200, 44, { fill: '#fff', stroke: '#111', width: 3 }),
    text(210, 339, 'FALLING ROCKS', { size: 22, bold: true, anchor: 'middle', font: 'narrow' }),
  ];
  return [
    sign(
      'stop',
      400,
      420,
      stop,
      qa(
        ['What does the sign say?', 'STOP'],
        ['What shape and colour is the sign?', 'It is a red octagon with a white border and white letters.'],
      ),
    ),
    sign(
      'speed-limit',
      360,
      480,
      limit,
      qa(
        ['What is the speed limit?', '30'],
        ['What does the small plate under the round sign say?', 'School'],
      ),
    ),
    sign(
      'distances',
      620,
      420,
      direction,
      qa(
        ['How far is it to Thornby?', '27 km'],
        ['Which town is the farthest away?', 'Saltmere, at 54 km.'],
        ['How far is it from Norwick to Saltmere if both lie on this road?', '54 km − 12 km = 42 km'],
      ),
    ),
    sign(
      'ausfahrt',
      640,
      360,
      exit,
      qa(['Welche Nummer hat die Ausfahrt?', '14'], ['Where does this exit lead?', 'To Neustadt-Süd.']),
    ),
    sign(
      'rocks',
      420,
      420,
      warning,
      qa(
        ['What does this sign warn of?', 'Falling rocks.'],
        [
          'Describe the picture.',
          'A yellow triangular warning sign with a black border stands on a grey post. It shows a dark slope with two rocks beside it, and a white plate below reads "FALLING ROCKS". The background is a pale sky above brown ground.',
        ],
      ),
      true,
    ),
  ];
}
