import { qa } from './flow.ts';
import { calendar, dialog, editor, fileManager, terminal } from './screens-desktop.ts';
import { button, screen } from './screens-parts.ts';
import { circle, line, listOf, path, polygon, rect, text, textWidth, wrap } from './svg.ts';
import type { Picture, Rng, Turn } from './svg.ts';

function settings(): Picture {
  const rows = [
    { label: 'Airplane mode', on: false },
    { label: 'Wi-Fi', on: true },
    { label: 'Bluetooth', on: true },
    { label: 'Night light', on: false },
    { label: 'Automatic updates', on: true },
  ];
  const body = [
    rect(0, 0, 390, 60, { fill: '#f2f2f7' }),
    text(24, 39, 'Settings', { size: 25, bold: true, font: 'roboto' }),
  ];
  rows.forEach((row, i) => {
    const y = 76 + i * 58;
    body.push(
      rect(14, y, 362, 50, { fill: '#ffffff', radius: 10 }),
      text(32, y + 32, row.label, { size: 17, font: 'roboto' }),
    );
    body.push(
      rect(308, y + 12, 48, 26, { fill: row.on ? '#34c759' : '#d0d0d5', radius: 13 }),
      circle(row.on ? 343 : 321, y + 25, 11, { fill: '#fff' }),
    );
  });
  body.push(
    text(24, 396, 'Storage: 41 GB of 64 GB used', { size: 14, fill: '#666', font: 'roboto' }),
    rect(24, 408, 342, 8, { fill: '#dddde2', radius: 4 }),
    rect(24, 408, (342 * 41) / 64, 8, { fill: '#0a84ff', radius: 4 }),
  );
  const on = rows.filter((r) => r.on).map((r) => r.label);
  return screen(
    'settings',
    390,
    440,
    '#f2f2f7',
    body,
    qa(
      ['Which switches are turned on?', `${listOf(on)}.`],
      ['How much storage is still free?', '23 GB'],
      ['Is Night light enabled?', 'No'],
    ),
  );
}

function chat(
  name: string,
  who: string,
  messages: readonly (readonly [boolean, string])[],
  turns: Turn[],
  heldOut = false,
): Picture {
  const width = 400;
  const body = [
    rect(0, 0, width, 56, { fill: '#075e54' }),
    circle(34, 28, 18, { fill: '#b7d8c8' }),
    text(62, 34, who, { size: 18, fill: '#fff', bold: true, font: 'noto' }),
  ];
  let y = 72;
  for (const [mine, message] of messages) {
    const lines = wrap(message, 250, 15, 'noto');
    const w = Math.max(...lines.map((l) => textWidth(l, 15, 'noto'))) + 26;
    const h = lines.length * 21 + 16;
    const x = mine ? width - w - 14 : 14;
    body.push(rect(x, y, w, h, { fill: mine ? '#dcf8c6' : '#ffffff', radius: 9 }));
    lines.forEach((l, i) => body.push(text(x + 12, y + 24 + i * 21, l, { size: 15, font: 'noto' })));
    y += h + 10;
  }
  return screen(name, width, y + 14, '#e9e2d9', body, turns, heldOut);
}

function webForm(): Picture {
  const body = [
    rect(0, 0, 560, 48, { fill: '#eef0f3' }),
    rect(60, 10, 440, 28, { fill: '#fff', radius: 14, stroke: '#ccd' }),
    text(78, 29, 'https://seedswap.example/join', { size: 14, fill: '#444' }),
    text(60, 100, 'Create your account', { size: 24, bold: true, font: 'noto' }),
  ];
  const fields = [
    ['Email', 'rosa.lind@example.org', ''],
    ['User name', 'rosa', 'This name is already taken.'],
    ['Password', '••••••••', ''],
  ] as const;
  fields.forEach(([label, value, error], i) => {
    const y = 128 + i * 88;
    body.push(
      text(60, y + 12, label, { size: 14, font: 'noto' }),
      rect(60, y + 20, 440, 38, {
        fill: '#fff',
        stroke: error ? '#d0021b' : '#aab',
        width: error ? 2 : 1,
        radius: 4,
      }),
      text(72, y + 45, value, { size: 16, font: 'noto' }),
    );
    if (error) body.push(text(60, y + 76, error, { size: 13, fill: '#d0021b', font: 'noto' }));
  });
  body.push(
    rect(60, 398, 18, 18, { fill: '#2e7d32', radius: 3 }),
    path('M64 407l4 4 7-8', { stroke: '#fff', width: 2 }),
    text(88, 412, 'I accept the terms of use', { size: 14, font: 'noto' }),
    button(60, 436, 140, 'Sign up', true, '#2e7d32'),
    button(214, 436, 110, 'Cancel', false),
  );
  return screen(
    'web-form',
    560,
    500,
    '#ffffff',
    body,
    qa(
      ['What is wrong with the form?', 'The user name "rosa" is already taken.'],
      ['Which web address is shown?', 'https://seedswap.example/join'],
      [
        'Which element should be clicked to abandon the form?',
        'The "Cancel" button to the right of "Sign up".',
      ],
    ),
  );
}

function player(): Picture {
  const body = [
    rect(30, 30, 240, 240, { fill: '#5a2a6e', radius: 12 }),
    circle(150, 150, 80, { fill: '#f2a65a' }),
    polygon(
      [
        [60, 250],
        [150, 120],
        [240, 250],
      ],
      { fill: '#2b1638' },
    ),
    text(150, 312, 'Paper Lanterns', { size: 22, bold: true, anchor: 'middle', fill: '#fff', font: 'lato' }),
    text(150, 338, 'The Quiet Engines', { size: 16, anchor: 'middle', fill: '#c9b8d4', font: 'lato' }),
  ];
  body.push(
    rect(30, 364, 240, 6, { fill: '#54405f', radius: 3 }),
    rect(30, 364, 96, 6, { fill: '#f2a65a', radius: 3 }),
    text(30, 392, '1:36', { size: 13, fill: '#ddd' }),
    text(270, 392, '4:00', { size: 13, fill: '#ddd', anchor: 'end' }),
    circle(150, 430, 26, { fill: '#fff' }),
    rect(141, 419, 6, 22, { fill: '#2b1638' }),
    rect(153, 419, 6, 22, { fill: '#2b1638' }),
  );
  return screen(
    'music-player',
    300,
    480,
    '#1d1024',
    body,
    qa(
      ['Which song is playing, and by whom?', '"Paper Lanterns" by The Quiet Engines.'],
      ['How much of the song has been played?', '1:36 of 4:00, which is 40%.'],
    ),
  );
}

function inbox(): Picture {
  const mails = [
    ['Clara Voss', 'Minutes of Monday’s meeting', '09:12', true],
    ['Bike Depot', 'Your repair is ready', '08:40', true],
    ['Mum', 'Photos from the lake', 'Yesterday', false],
    ['City Library', 'Two books due soon', 'Sunday', false],
  ] as const;
  const body = [
    rect(0, 0, 720, 52, { fill: '#b3261e' }),
    text(22, 34, 'Postbox', { size: 21, fill: '#fff', bold: true, font: 'roboto' }),
    text(696, 33, '2 unread', { size: 15, fill: '#fff', anchor: 'end', font: 'roboto' }),
  ];
  mails.forEach(([from, subject, when, unread], i) => {
    const y = 62 + i * 54;
    body.push(
      rect(10, y, 700, 48, { fill: unread ? '#ffffff' : '#f1f1f1' }),
      text(28, y + 30, from, { size: 16, bold: unread, font: 'roboto' }),
      text(200, y + 30, subject, { size: 16, bold: unread, font: 'roboto' }),
      text(694, y + 30, when, { size: 14, anchor: 'end', fill: '#555', font: 'roboto' }),
      line(10, y + 48, 710, y + 48, { stroke: '#ddd' }),
    );
  });
  return screen(
    'inbox',
    720,
    286,
    '#e8e8e8',
    body,
    qa(
      [
        'Which messages are unread?',
        '“Minutes of Monday’s meeting” from Clara Voss and “Your repair is ready” from Bike Depot.',
      ],
      ['Who sent the message about photos?', 'Mum'],
      ['When did the library’s message arrive?', 'On Sunday.'],
    ),
    true,
  );
}

export function screens(rng: Rng): Picture[] {
  return [
    settings(),
    chat(
      'chat-lunch',
      'Noor',
      [
        [false, 'Are we still on for lunch?'],
        [true, 'Yes! 12:30 at the noodle place?'],
        [false, 'Make it 1, my call overruns.'],
        [true, 'Fine. I’ll get the table by the window.'],
      ],
      qa(
        ['At what time will they meet?', 'At 1 o’clock.'],
        ['Why was the time changed?', 'Because Noor’s call overruns.'],
      ),
    ),
    chat(
      'chat-gruppe',
      'WG Küche',
      [
        [false, 'Wer hat den Müll rausgebracht?'],
        [true, 'Ich, gestern Abend.'],
        [false, 'Danke! Dann putze ich heute das Bad.'],
      ],
      qa(
        ['Was wird heute geputzt?', 'Das Bad.'],
        ['Translate the first message into English.', 'Who took out the rubbish?'],
      ),
      true,
    ),
    terminal(),
    calendar(),
    webForm(),
    dialog(
      'error-disk',
      'Drawpad',
      'The file “harbour.dpd” could not be saved because the disk is full. Free at least 18 MB and try again.',
      ['Cancel', 'Try again'],
      qa(
        ['Why could the file not be saved?', 'The disk is full.'],
        ['How much space has to be freed?', 'At least 18 MB.'],
      ),
      'stop',
    ),
    dialog(
      'dialog-loeschen',
      'Fotoalbum',
      '27 Bilder werden endgültig gelöscht. Möchten Sie fortfahren?',
      ['Abbrechen', 'Löschen'],
      qa(
        ['Wie viele Bilder sollen gelöscht werden?', '27'],
        ['Which button keeps the pictures?', '“Abbrechen” (Cancel).'],
      ),
      'ask',
    ),
    fileManager(rng),
    editor(),
    player(),
    inbox(),
  ];
}
