import { bars, stacked } from './charts-bars.ts';
import { lines, pie, scatter } from './charts-lines.ts';
import type { Picture, Rng } from './svg.ts';

const BLUE = ['#2f6db3', '#e07b39', '#4f9d4f', '#b8434e', '#8465a8', '#7c6a5c'];

const EARTH = ['#7a5c3e', '#b98b4e', '#5f7f6b', '#394f63', '#c2553a', '#9aa35a'];

const BRIGHT = ['#00a3a3', '#ff6b6b', '#ffbf3f', '#5b5bd6', '#3ab795', '#d64fa0'];

export function charts(rng: Rng): Picture[] {
  return [
    bars(
      rng,
      {
        name: 'bars-library',
        title: 'Books lent per weekday',
        width: 560,
        height: 400,
        font: 'sans',
        colours: ['#2f6db3'],
      },
      {
        labels: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'],
        unit: 'books',
        axis: 'Books',
        low: 40,
        high: 200,
        step: 10,
        showValues: true,
      },
    ),
    bars(
      rng,
      {
        name: 'bars-rivers',
        title: 'Length of five rivers in Aldern',
        width: 640,
        height: 360,
        font: 'lato',
        colours: ['#3b8ea5'],
      },
      {
        labels: ['Tarn', 'Moss', 'Greater Ile', 'Little Ile', 'Sow'],
        unit: 'km',
        axis: 'Length in km',
        low: 60,
        high: 420,
        step: 20,
        sideways: true,
        showValues: true,
      },
    ),
    bars(
      rng,
      {
        name: 'bars-obst',
        title: 'Obsternte 2023 in Tonnen',
        width: 480,
        height: 420,
        font: 'noto',
        colours: BRIGHT,
      },
      {
        labels: ['Äpfel', 'Birnen', 'Kirschen', 'Pflaumen'],
        unit: 'Tonnen',
        axis: 'Tonnen',
        low: 20,
        high: 120,
        step: 5,
        showValues: true,
      },
    ),
    bars(
      rng,
      {
        name: 'bars-votes',
        title: 'Votes for the new park name',
        width: 700,
        height: 420,
        font: 'roboto',
        colours: EARTH,
        paper: '#faf6ee',
      },
      {
        labels: ['Otter Park', 'Mill Green', 'The Hollow', 'Station Field', 'Elm Rise'],
        unit: 'votes',
        axis: 'Votes',
        low: 30,
        high: 300,
        step: 30,
        showValues: false,
      },
    ),
    bars(
      rng,
      {
        name: 'bars-dark',
        title: 'Build time by module (seconds)',
        width: 600,
        height: 380,
        font: 'dejavu',
        colours: ['#6cc3ff'],
        paper: '#1f2430',
        heldOut: true,
      },
      {
        labels: ['core', 'parser', 'network', 'ui', 'tests'],
        unit: 'seconds',
        axis: 'Seconds',
        low: 10,
        high: 90,
        step: 5,
        showValues: true,
      },
    ),
    lines(
      rng,
      {
        name: 'line-rain',
        title: 'Rainy days per month',
        width: 680,
        height: 380,
        font: 'sans',
        colours: BLUE,
      },
      {
        xs: ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug'],
        series: ['Rainy days'],
        axis: 'Days',
        start: 14,
        drift: 0,
      },
    ),
    lines(
      rng,
      {
        name: 'line-visitors',
        title: 'Visitors per hour at two museums',
        width: 760,
        height: 440,
        font: 'lato',
        colours: BRIGHT,
      },
      {
        xs: ['10', '11', '12', '13', '14', '15', '16'],
        series: ['Clock Museum', 'Boat Museum'],
        axis: 'Visitors',
        start: 24,
        drift: 2,
      },
    ),
    lines(
      rng,
      {
        name: 'line-ventes',
        title: 'Ventes de vélos par trimestre',
        width: 520,
        height: 360,
        font: 'notoSerif',
        colours: EARTH,
        paper: '#fcfaf4',
        heldOut: true,
      },
      { xs: ['T1', 'T2', 'T3', 'T4'], series: ['Ventes'], axis: 'Vélos', start: 30, drift: 3 },
    ),
    pie(
      rng,
      {
        name: 'pie-commute',
        title: 'How staff travel to work',
        width: 560,
        height: 360,
        font: 'noto',
        colours: BLUE,
      },
      ['Bicycle', 'Bus', 'Walking', 'Train', 'Car'],
      false,
    ),
    pie(
      rng,
      {
        name: 'pie-budget',
        title: 'Village budget',
        width: 600,
        height: 400,
        font: 'dejavu',
        colours: EARTH,
      },
      ['Schools', 'Roads', 'Library', 'Parks', 'Reserves'],
      true,
    ),
    scatter(
      rng,
      {
        name: 'scatter-study',
        title: 'Study time and test score',
        width: 520,
        height: 440,
        font: 'sans',
        colours: ['#b8434e'],
      },
      { x: 'Hours of study', y: 'Score', slope: 1, count: 14 },
    ),
    scatter(
      rng,
      {
        name: 'scatter-cars',
        title: 'Age and price of used vans',
        width: 600,
        height: 420,
        font: 'roboto',
        colours: ['#3a6ea5'],
      },
      { x: 'Age in years', y: 'Price index', slope: -1, count: 18 },
    ),
    stacked(rng, {
      name: 'stacked-energy',
      title: 'Power by source (GWh)',
      width: 460,
      height: 460,
      font: 'lato',
      colours: ['#4a90c2', '#e0a030', '#3f7f6f'],
    }),
  ];
}
