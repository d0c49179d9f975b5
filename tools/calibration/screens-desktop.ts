import { qa } from './flow.ts';
import { button, screen, titleBar } from './screens-parts.ts';
import { at, circle, polygon, rect, text, wrap } from './svg.ts';
import type { Picture, Rng, Turn } from './svg.ts';

export function terminal(): Picture {
  const files: [string, number, string][] = [
    ['notes.md', 2048, 'May 02'],
    ['photo.png', 734003, 'Apr 28'],
    ['run.sh', 512, 'May 09'],
    ['todo.txt', 97, 'May 11'],
  ];
  const lines = [
    '$ ls -l',
    ...files.map(([f, n, d]) => `-rw-r--r-- 1 ada staff ${String(n).padStart(7)} ${d} ${f}`),
    '$ ./run.sh',
    'Reading 3 inputs... ok',
    'Error: cannot open "config.yaml": no such file',
    '$ echo $?',
    '2',
    '$ _',
  ];
  const body = titleBar(620, 'ada@lab: ~/work', '#3a3f4b', '#e0e0e0', 'sans');
  lines.forEach((l, i) =>
    body.push(
      text(16, 66 + i * 25, l, {
        size: 15,
        font: 'mono',
        fill: l.startsWith('Error') ? '#ff7b72' : l.startsWith('$') ? '#7ee787' : '#d6deeb',
      }),
    ),
  );
  const big = files.reduce((a, b) => (b[1] > a[1] ? b : a));
  return screen(
    'terminal',
    620,
    80 + lines.length * 25,
    '#161b22',
    body,
    qa(
      ['Why did run.sh fail?', 'It could not open "config.yaml", because there is no such file.'],
      ['What exit status was printed?', '2'],
      ['Which file is the largest?', `${big[0]}, with ${big[1]} bytes.`],
    ),
  );
}

export function calendar(): Picture {
  const events: Record<number, string> = {
    3: 'Dentist',
    9: 'Rent due',
    14: 'Choir',
    21: 'Choir',
    26: 'Trip',
  };
  const body = [text(28, 46, 'May 2024', { size: 26, bold: true, font: 'lato' })];
  ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].forEach((d, i) =>
    body.push(text(28 + i * 92 + 40, 80, d, { size: 14, anchor: 'middle', fill: '#666', font: 'lato' })),
  );
  for (let day = 1; day <= 31; day++) {
    const cell = day + 1;
    const x = 28 + (cell % 7) * 92;
    const y = 92 + Math.floor(cell / 7) * 72;
    body.push(
      rect(x, y, 86, 66, { fill: events[day] ? '#fdeccb' : '#f5f6f8', radius: 6 }),
      text(x + 8, y + 20, String(day), { size: 14, bold: true, font: 'lato' }),
    );
    const event = events[day];
    if (event) body.push(text(x + 8, y + 46, event, { size: 14, fill: '#8a4b00', font: 'lato' }));
  }
  return screen(
    'calendar',
    700,
    470,
    '#ffffff',
    body,
    qa(
      ['On which dates is choir?', 'On 14 and 21 May.'],
      ['What is planned for the 26th, and which day of the week is it?', 'A trip, on a Sunday.'],
      ['How many days have an event?', String(Object.keys(events).length)],
    ),
  );
}

export function dialog(
  name: string,
  title: string,
  message: string,
  buttons: readonly [string, string],
  turns: Turn[],
  icon: 'stop' | 'ask',
  heldOut = false,
): Picture {
  const lines = wrap(message, 350, 15, 'sans');
  const h = 130 + lines.length * 22;
  const body = [
    rect(0, 0, 470, 36, { fill: '#2c5d8f' }),
    text(14, 24, title, { size: 15, fill: '#fff', bold: true }),
    text(446, 24, '×', { size: 20, fill: '#fff', anchor: 'middle' }),
  ];
  body.push(
    icon === 'stop'
      ? circle(44, 82, 22, { fill: '#c62828' })
      : polygon(
          [
            [44, 58],
            [68, 102],
            [20, 102],
          ],
          { fill: '#f4b400' },
        ),
    text(44, icon === 'stop' ? 92 : 98, icon === 'stop' ? '×' : '!', {
      size: 30,
      bold: true,
      fill: '#fff',
      anchor: 'middle',
    }),
  );
  lines.forEach((l, i) => body.push(text(88, 76 + i * 22, l, { size: 15 })));
  body.push(button(200, h - 50, 120, buttons[0], false), button(334, h - 50, 120, buttons[1], true));
  return screen(name, 470, h, '#f3f3f3', body, turns, heldOut);
}

export function fileManager(rng: Rng): Picture {
  const names = ['Holiday.zip', 'Report.docx', 'budget.xlsx', 'cat.jpg', 'song.mp3', 'thesis.pdf'];
  const rows = names.map((n) => ({ n, size: rng.int(12, 980), day: rng.int(1, 28) }));
  const picked = rng.int(0, 5);
  const body = [
    ...titleBar(640, 'Downloads', '#dfe3e8', '#222', 'dejavu'),
    rect(0, 36, 150, 320, { fill: '#eef1f4' }),
  ];
  ['Home', 'Desktop', 'Downloads', 'Music', 'Trash'].forEach((s, i) =>
    body.push(text(22, 70 + i * 32, s, { size: 14, font: 'dejavu', bold: s === 'Downloads' })),
  );
  body.push(
    text(172, 66, 'Name', { size: 13, font: 'dejavu', fill: '#666' }),
    text(450, 66, 'Size', { size: 13, font: 'dejavu', fill: '#666', anchor: 'end' }),
    text(500, 66, 'Changed', { size: 13, font: 'dejavu', fill: '#666' }),
  );
  rows.forEach((row, i) => {
    const y = 78 + i * 40;
    if (i === picked) body.push(rect(156, y, 478, 36, { fill: '#cfe3fb', radius: 4 }));
    body.push(
      rect(172, y + 8, 16, 20, { fill: '#8fa8c2', radius: 2 }),
      text(200, y + 24, row.n, { size: 14, font: 'dejavu' }),
      text(450, y + 24, `${row.size} KB`, { size: 14, font: 'dejavu', anchor: 'end' }),
      text(500, y + 24, `${row.day} June`, { size: 14, font: 'dejavu' }),
    );
  });
  const chosen = at(rows, picked);
  return screen(
    'file-manager',
    640,
    356,
    '#ffffff',
    body,
    qa(
      ['Which file is selected?', chosen.n],
      ['How large is song.mp3?', `${at(rows, 4).size} KB`],
      ['List the files in the folder from top to bottom.', names.join('\n')],
    ),
  );
}

export function editor(): Picture {
  const code = [
    'def mean(values):',
    '    if not values:',
    '        raise ValueError("empty list")',
    '    total = 0',
    '    for v in values:',
    '        total += v',
    '    return total / len(values)',
    '',
    'print(mean([4, 8, 15]))',
  ];
  const body = [
    rect(0, 0, 560, 34, { fill: '#252526' }),
    rect(0, 0, 120, 34, { fill: '#1e1e1e' }),
    text(18, 22, 'stats.py', { size: 14, fill: '#fff' }),
    text(140, 22, 'notes.txt', { size: 14, fill: '#999' }),
  ];
  code.forEach((l, i) => {
    const y = 64 + i * 24;
    body.push(
      text(36, y, String(i + 1), { size: 15, font: 'mono', fill: '#6e7681', anchor: 'end' }),
      text(54, y, l, {
        size: 15,
        font: 'mono',
        fill: /^\s*(def|if|for|return|raise)/.test(l) ? '#c586c0' : '#d4d4d4',
      }),
    );
  });
  body.push(
    rect(0, 288, 560, 26, { fill: '#007acc' }),
    text(14, 305, 'Ln 9, Col 24   Python   UTF-8', { size: 13, fill: '#fff' }),
  );
  return screen(
    'code-editor',
    560,
    314,
    '#1e1e1e',
    body,
    qa(
      ['Transcribe the code.', code.join('\n')],
      ['What does the last line print?', 'It prints 9.0, because (4 + 8 + 15) / 3 = 27 / 3 = 9.0.'],
      [
        'What happens if the list is empty?',
        'The function raises a ValueError with the message "empty list".',
      ],
    ),
  );
}
