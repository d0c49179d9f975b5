import { qa } from './flow.ts';
import { at, listOf } from './svg.ts';
import type { Picture, Rng } from './svg.ts';
import { BOARD, CLEAN, DARK, GRID, WARM, markdown, table } from './tables-draw.ts';

function clock(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}

function timetables(rng: Rng): Picture[] {
  const stops = ['Market Square', 'Hospital', 'North Gate', 'Lakeside', 'Airport'];
  const legs = [0, 6, 13, 21, 34];
  const starts = [7 * 60 + 5, 7 * 60 + 35, 8 * 60 + 10, 8 * 60 + 50];
  const rows = [
    ['Bus 18', ...starts.map((_, i) => `Run ${i + 1}`)],
    ...stops.map((stop, s) => [stop, ...starts.map((t) => clock(t + at(legs, s)))]),
  ];
  const bus = table(
    'timetable-bus',
    'Weekday mornings',
    GRID,
    [150, 76, 76, 76, 76],
    rows,
    qa(
      ['When does the first bus reach the airport?', clock(at(starts, 0) + 34)],
      ['How long does the ride from Market Square to Lakeside take?', '21 minutes'],
      [
        'I must be at the hospital by 08:00. Which is the latest bus I can take from Market Square?',
        `The one at ${clock(at(starts, 1))}, which reaches the hospital at ${clock(at(starts, 1) + 6)}.`,
      ],
    ),
  );
  const towns = ['Kassel', 'Bremen', 'Ulm', 'Rostock', 'Passau'];
  let t = 14 * 60 + rng.int(1, 9);
  const trains = towns.map((town) => {
    t += rng.int(4, 11);
    return [clock(t), town, String(rng.int(1, 12)), rng.pick(['pünktlich', '+5 min', '+10 min'])];
  });
  const late = trains.filter((row) => at(row, 3) !== 'pünktlich');
  const board = table(
    'timetable-abfahrt',
    'Abfahrt',
    BOARD,
    [90, 150, 90, 150],
    [['Zeit', 'Ziel', 'Gleis', 'Hinweis'], ...trains],
    qa(
      [`Von welchem Gleis fährt der Zug nach ${at(towns, 2)}?`, `Gleis ${at(at(trains, 2), 2)}`],
      [
        'Which trains are delayed?',
        late.length ? `${listOf(late.map((row) => `${at(row, 1)} (${at(row, 3)})`))}.` : 'None of them.',
      ],
    ),
  );
  const school = [
    ['', 'Monday', 'Tuesday', 'Wednesday'],
    ['9:00', 'Maths', 'French', 'History'],
    ['10:00', 'Biology', 'Maths', 'Art'],
    ['11:30', 'English', 'PE', 'Physics'],
    ['13:30', 'Music', 'Geography', 'English'],
  ];
  const lessons = table(
    'timetable-school',
    'Class 7b',
    CLEAN,
    [80, 120, 120, 120],
    school,
    qa(
      ['Which lesson is on Tuesday at 11:30?', 'PE'],
      ['On which days does the class have English?', 'On Monday at 11:30 and on Wednesday at 13:30.'],
      ['Transcribe the table as Markdown.', markdown(school)],
    ),
    true,
  );
  return [bus, board, lessons];
}

function league(rng: Rng): Picture {
  const clubs = ['Rovers', 'Athletic', 'Harriers', 'Wanderers', 'Albion'];
  const stats = clubs.map((club) => {
    const won = rng.int(1, 7);
    const drawn = rng.int(0, 10 - won);
    return { club, won, drawn, lost: 10 - won - drawn, points: won * 3 + drawn };
  });
  stats.sort((a, b) => b.points - a.points || b.won - a.won);
  const rows = [
    ['Club', 'P', 'W', 'D', 'L', 'Pts'],
    ...stats.map((s) => [s.club, '10', ...[s.won, s.drawn, s.lost, s.points].map(String)]),
  ];
  const asked = rng.pick(stats);
  return table(
    'league-table',
    'Northern Division',
    DARK,
    [150, 56, 56, 56, 56, 64],
    rows,
    qa(
      ['Who is top of the table?', at(stats, 0).club],
      [`How many matches has ${asked.club} drawn?`, String(asked.drawn)],
      [
        'How are the points worked out here?',
        `Three points for a win and one for a draw: ${at(stats, 0).club}, for example, has ${at(stats, 0).won} × 3 + ${at(stats, 0).drawn} = ${at(stats, 0).points}.`,
      ],
    ),
  );
}

function nutrition(): Picture[] {
  const facts = [
    ['Per 100 g', 'Amount'],
    ['Energy', '1540 kJ / 365 kcal'],
    ['Fat', '6.2 g'],
    ['of which saturates', '1.1 g'],
    ['Carbohydrate', '58 g'],
    ['of which sugars', '9.4 g'],
    ['Fibre', '10 g'],
    ['Protein', '13 g'],
    ['Salt', '0.02 g'],
  ];
  const en = table(
    'nutrition-oats',
    'Nutrition: Honey Oats',
    GRID,
    [190, 180],
    facts,
    qa(
      ['How much protein is in 100 g?', '13 g'],
      ['How many kilocalories would a 50 g portion have?', 'About 183 kcal, half of the 365 kcal in 100 g.'],
      ['Is this product high in salt?', 'No. It contains only 0.02 g of salt per 100 g.'],
    ),
  );
  const fr = [
    ['Horaires', 'Matin', 'Après-midi'],
    ['Lundi', 'fermé', '14 h – 18 h'],
    ['Mardi', '9 h – 12 h', '14 h – 18 h'],
    ['Mercredi', '9 h – 12 h', 'fermé'],
    ['Jeudi', '9 h – 12 h', '14 h – 20 h'],
    ['Vendredi', '9 h – 12 h', '14 h – 17 h'],
  ];
  const hours = table(
    'horaires-mairie',
    'Mairie de Vauclair',
    WARM,
    [130, 120, 130],
    fr,
    qa(
      ['Quel jour la mairie ferme-t-elle le plus tard ?', 'Le jeudi, à 20 h.'],
      ['Is the town hall open on Wednesday afternoon?', 'No, it is closed then (fermé).'],
    ),
  );
  return [en, hours];
}

function figures(rng: Rng): Picture[] {
  const items = ['Screws M4', 'Washers', 'Hinges', 'Door knobs', 'Wood glue'];
  const stock = items.map((item, i) => ({
    sku: `K-${310 + i * 7}`,
    item,
    count: rng.int(0, 9) * 12 + rng.int(1, 11),
    min: 40,
  }));
  const low = stock.filter((s) => s.count < s.min);
  const stockRows = [
    ['SKU', 'Item', 'In stock', 'Minimum'],
    ...stock.map((s) => [s.sku, s.item, String(s.count), String(s.min)]),
  ];
  const inventory = table(
    'inventory',
    'Store room 3',
    CLEAN,
    [90, 140, 100, 100],
    stockRows,
    qa(
      ['Which items are below their minimum?', low.length ? `${listOf(low.map((s) => s.item))}.` : 'None.'],
      [
        'Give the stock as JSON, SKU to count.',
        JSON.stringify(Object.fromEntries(stock.map((s) => [s.sku, s.count]))),
      ],
    ),
  );
  const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri'];
  const weather = days.map((day) => {
    const high = rng.int(9, 19);
    return { day, high, low: high - rng.int(4, 8), sky: rng.pick(['sunny', 'cloudy', 'rain', 'showers']) };
  });
  const rows = [
    ['Day', 'Sky', 'High °C', 'Low °C'],
    ...weather.map((w) => [w.day, w.sky, String(w.high), String(w.low)]),
  ];
  const asked = at(weather, 3);
  const hottest = Math.max(...weather.map((w) => w.high));
  const forecast = table(
    'forecast',
    'Five-day forecast, Inverlay',
    DARK,
    [80, 110, 100, 100],
    rows,
    qa(
      [
        `What is the weather like on ${asked.day}?`,
        `${asked.sky}, with a high of ${asked.high} °C and a low of ${asked.low} °C.`,
      ],
      ['What is the highest temperature in the table?', `${hottest} °C`],
      ['Transcribe the table as CSV.', rows.map((row) => row.join(',')).join('\n')],
    ),
  );
  const doses = [
    ['Medicine', 'Morning', 'Noon', 'Night'],
    ['Amlora 5 mg', '1', '–', '–'],
    ['Vitamin D', '–', '1', '–'],
    ['Calmex 10 mg', '–', '–', '2'],
    ['Eye drops', '1', '1', '1'],
  ];
  const pills = table(
    'medicine-plan',
    'Plan for Mrs Kwan',
    WARM,
    [150, 90, 80, 80],
    doses,
    qa(
      ['How many Calmex tablets are taken at night?', '2'],
      ['What is due in the morning?', 'One Amlora 5 mg and the eye drops.'],
    ),
    true,
  );
  const elements = [
    ['Symbol', 'Name', 'Number'],
    ['H', 'Hydrogen', '1'],
    ['C', 'Carbon', '6'],
    ['N', 'Nitrogen', '7'],
    ['O', 'Oxygen', '8'],
    ['Fe', 'Iron', '26'],
    ['Au', 'Gold', '79'],
  ];
  const chem = table(
    'elements',
    'Some elements',
    { ...GRID, font: 'dejavuSerif' },
    [100, 150, 110],
    elements,
    qa(
      ['What is the symbol for iron?', 'Fe'],
      ['Which element in the table has the atomic number 7?', 'Nitrogen'],
    ),
  );
  return [inventory, forecast, pills, chem];
}

export function tables(rng: Rng): Picture[] {
  return [...timetables(rng), league(rng), ...nutrition(), ...figures(rng)];
}
