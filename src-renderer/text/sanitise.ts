import createPurifier from 'dompurify';
import type { SafeHtml } from './markdown.ts';

/**
 * The second wall behind markdown.ts: whatever a fault there lets through, only these tags and attributes reach the page, and
 * addresses only by https. No tag here loads anything.
 */
const TAGS = [
  ...['p', 'br', 'hr', 'h3', 'h4', 'h5', 'h6', 'ul', 'ol', 'li', 'blockquote', 'strong', 'em', 'del', 'a'],
  ...['code', 'pre', 'div', 'span', 'button', 'table', 'thead', 'tbody', 'tr', 'th', 'td'],
];
/** MathML Core, without what holds other markup (annotations) or acts (maction). */
const MATHML_TAGS = [
  ...[
    'math',
    'mrow',
    'mi',
    'mn',
    'mo',
    'ms',
    'mtext',
    'mspace',
    'mfrac',
    'msqrt',
    'mroot',
    'mstyle',
    'mpadded',
  ],
  ...['mphantom', 'msub', 'msup', 'msubsup', 'munder', 'mover', 'munderover', 'mmultiscripts', 'mprescripts'],
  ...['mtable', 'mtr', 'mtd', 'menclose'],
];
/** attributes that name no address; DOMPurify would hold every other one to the rule for addresses */
const WORDS = [
  ...['title', 'target', 'rel', 'class', 'type', 'dir', 'start', 'align', 'tabindex'],
  ...[
    'display',
    'displaystyle',
    'scriptlevel',
    'mathvariant',
    'stretchy',
    'fence',
    'separator',
    'form',
    'lspace',
  ],
  ...['rspace', 'minsize', 'maxsize', 'symmetric', 'largeop', 'movablelimits', 'accent', 'accentunder'],
  ...['linethickness', 'width', 'height', 'depth', 'voffset', 'columnspan', 'rowspan', 'notation'],
];

const purifier = createPurifier(window);

export function sanitise(html: string): SafeHtml {
  const clean: SafeHtml = purifier.sanitize(html, {
    ALLOWED_TAGS: [...TAGS, ...MATHML_TAGS],
    ALLOWED_ATTR: ['href', ...WORDS],
    ADD_URI_SAFE_ATTR: WORDS,
    ALLOWED_URI_REGEXP: /^https:\/\//i,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    // the page's policy takes no text as markup: this shows that it went through here
    RETURN_TRUSTED_TYPE: true,
  });
  return clean.toString() === '' ? '' : clean;
}
