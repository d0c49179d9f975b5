/** Colours, shapes and lettering of all figures: light or dark as the reader has it, also within <img>. */

export const FONT_SIZE = 11;

/**
 * Okabe and Ito's colours (Color Universal Design, 2008), darkened for white and lightened for black paper to a contrast of at
 * least 3; then grey and ink. A class sets `color`; shapes use `currentColor`, since not every renderer knows variables.
 */
const COLOURS: readonly (readonly [light: string, dark: string])[] = [
  ['#0072b2', '#56b4e9'],
  ['#d55e00', '#ff8c42'],
  ['#00805c', '#2fcf9f'],
  ['#a8467f', '#ee9fc9'],
  ['#8a6d00', '#f0d03c'],
  ['#5b4bb7', '#b3a5ff'],
  ['#6b7280', '#9aa4b2'],
  ['#111827', '#f3f4f6'],
];

/** Outlines around 0, 0, of about equal area; one per colour, so that none is told by colour alone. */
export const SHAPES = [
  'M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z',
  'M0 -5L4.6 3.2H-4.6Z',
  'M0 -5.2L5.2 0L0 5.2L-5.2 0Z',
  'M0 5L4.6 -3.2H-4.6Z',
  'M-1.6 -4.8H1.6V-1.6H4.8V1.6H1.6V4.8H-1.6V1.6H-4.8V-1.6H-1.6Z',
  'M-4.6 -1.6L0 -4.9L4.6 -1.6L2.9 4H-2.9Z',
  'M-3.6 -3.6H3.6V3.6H-3.6Z',
  'M0 -6.5L1.6 -2.1L6.2 -2L2.5 0.8L3.8 5.3L0 2.6L-3.8 5.3L-2.5 0.8L-6.2 -2L-1.6 -2.1Z',
] as const;

/** Styles of series: 0 to 5 for any, and two that stand back and stand out. */
export const PLAIN_STYLES = 6;
export const GREY_STYLE = 6;
export const INK_STYLE = 7;
export const MARKER_RADIUS = 6;
/** The square, in any colour: of what is drawn as an area. */
export const AREA_SHAPE = 6;

function colours(side: 0 | 1): string {
  const ink = side === 0 ? '#1f2328' : '#e6edf3';
  const faint = side === 0 ? '#59636e' : '#9198a1';
  const grid = side === 0 ? '#e3e6ea' : '#2b323b';
  const paper = side === 0 ? '#ffffff' : '#0d1117';
  return [
    `.paper{fill:${paper}}`,
    `text{fill:${ink};stroke:${paper}}`,
    `.faint{fill:${faint}}`,
    `.grid{stroke:${grid}}`,
    `.axis{stroke:${faint}}`,
    `.hollow{fill:${paper}}`,
    ...COLOURS.map((pair, index) => `.s${index}{color:${pair[side]}}`),
  ].join('');
}

export const STYLE_SHEET = [
  `text{font:${FONT_SIZE}px system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;`,
  // letters stand out from lines that they cross
  'stroke-width:3px;stroke-linejoin:round;paint-order:stroke}',
  '.title{font-size:15px;font-weight:600}',
  '.mark{fill:currentColor;stroke:currentColor;stroke-width:1.2}',
  '.area{fill:currentColor}',
  '.line{fill:none;stroke:currentColor;stroke-width:1.6;stroke-linejoin:round}',
  '.thin{stroke-width:1;opacity:.55}',
  '.minor{opacity:.5}',
  '.dashed{stroke-dasharray:5 3}',
  colours(0),
  `@media (prefers-color-scheme:dark){${colours(1)}}`,
].join('');
