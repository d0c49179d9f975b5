/** Colours, shapes and lettering of all figures: light or dark as the reader has it, also within <img>. */

export const FONT_SIZE = 11;

/**
 * Okabe and Ito's colours (Color Universal Design, 2008), darkened for white and lightened for black paper to a contrast of at
 * least 3; then grey and ink, and two that stand beside them. A class sets `color`; shapes use `currentColor`, since not every renderer
 * knows variables.
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
  ['#b3261e', '#ff8a80'],
  ['#0e7490', '#67d8ef'],
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
  'M-4.6 -3L-3 -4.6L0 -1.6L3 -4.6L4.6 -3L1.6 0L4.6 3L3 4.6L0 1.6L-3 4.6L-4.6 3L-1.6 0Z',
  'M-2.6 -4.5H2.6L5.2 0L2.6 4.5H-2.6L-5.2 0Z',
] as const;

/** Styles of series: 0 to 5 for any; two that stand back and stand out; of the paper's rivals, and of a rung for every layer. */
export const PLAIN_STYLES = 6;
export const GREY_STYLE = 6;
export const INK_STYLE = 7;
export const RIVAL_STYLE = 8;
export const LADDER_STYLE = 9;
export const MARKER_RADIUS = 6;
/** The square, in any colour: of what is drawn as an area. */
export const AREA_SHAPE = 6;

/**
 * From few bits to many, by lightness too, and the same on either paper: what is written on a cell has the colour that stands out from it.
 * After viridis (van der Walt and Smith, 2015), from its bright end.
 */
const RAMP: readonly (readonly [cell: string, ink: string])[] = [
  ['#fde725', '#1f2328'],
  ['#c2df23', '#1f2328'],
  ['#86d549', '#1f2328'],
  ['#4fc16a', '#1f2328'],
  ['#2db27d', '#1f2328'],
  ['#1f9e89', '#1f2328'],
  ['#27808e', '#ffffff'],
  ['#33638d', '#ffffff'],
  ['#414487', '#ffffff'],
  ['#440f5a', '#ffffff'],
];
/** Bits a weight up to which a step of the ramp goes; the last has no end. */
const RAMP_BITS = [1.7, 2.2, 2.6, 3.2, 3.8, 4.4, 5, 6, 8];

export function rampClass(bits: number): string {
  const step = RAMP_BITS.findIndex((most) => bits <= most);
  return `b${step === -1 ? RAMP_BITS.length : step}`;
}

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
  ...RAMP.map(([cell, ink], step) => `.b${step}{color:${cell}}.b${step} .on{fill:${ink};stroke:none}`),
  '.line{fill:none;stroke:currentColor;stroke-width:1.6;stroke-linejoin:round}',
  '.thin{stroke-width:1;opacity:.55}',
  '.minor{opacity:.5}',
  '.whisker{stroke:currentColor;stroke-width:1.2;opacity:.6}',
  '.dashed{stroke-dasharray:5 3}',
  colours(0),
  `@media (prefers-color-scheme:dark){${colours(1)}}`,
].join('');
