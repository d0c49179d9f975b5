/** The Mersenne twister of C++'s std::mt19937, to seed the plain k-means as the addon does. */
function mersenneTwister(seed: number): () => number {
  const state = new Uint32Array(624);
  state[0] = seed;
  for (let i = 1; i < 624; i++) {
    const last = state[i - 1] as number;
    state[i] = Math.imul(1812433253, last ^ (last >>> 30)) + i;
  }
  let at = 624;
  const twist = () => {
    for (let i = 0; i < 624; i++) {
      const mixed = ((state[i] as number) & 0x80000000) | ((state[(i + 1) % 624] as number) & 0x7fffffff);
      state[i] = (state[(i + 397) % 624] as number) ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908b0df : 0);
    }
    at = 0;
  };
  return () => {
    if (at === 624) twist();
    let value = state[at++] as number;
    value ^= value >>> 11;
    value ^= (value << 7) & 0x9d2c5680;
    value ^= (value << 15) & 0xefc60000;
    return (value ^ (value >>> 18)) >>> 0;
  };
}

/** Lloyd's algorithm after k-means++ seeding, distance by distance, in doubles. */
export function plainKMeans(
  points: readonly Float32Array[],
  clusters: number,
  seed: number,
  maxRounds: number,
) {
  const random = mersenneTwister(seed);
  const uniform = () => random() / 4294967296;
  const distance = (a: ArrayLike<number>, b: ArrayLike<number>) => {
    let sum = 0;
    for (let j = 0; j < a.length; j++) sum += ((a[j] as number) - (b[j] as number)) ** 2;
    return sum;
  };
  const centres: number[][] = [];
  const nearest = points.map(() => Infinity);
  let chosen = Math.floor(uniform() * points.length);
  while (centres.length < clusters) {
    const centre = [...(points[chosen] as Float32Array)];
    centres.push(centre);
    points.forEach((point, i) => (nearest[i] = Math.min(nearest[i] as number, distance(point, centre))));
    let target = uniform() * nearest.reduce((sum, value) => sum + value, 0);
    chosen = nearest.findIndex((value) => (target -= value) < 0);
  }
  let assignment = points.map(() => -1);
  let inertia = 0;
  for (let round = 0; round < maxRounds; round++) {
    const distances = points.map((point) => centres.map((centre) => distance(point, centre)));
    const next = distances.map((row) => row.indexOf(Math.min(...row)));
    inertia = distances.reduce((sum, row) => sum + Math.min(...row), 0);
    const settled = next.every((own, i) => own === assignment[i]);
    assignment = next;
    if (settled) break;
    centres.forEach((centre, k) => {
      const own = points.filter((_, i) => assignment[i] === k);
      if (own.length === 0) return;
      for (let j = 0; j < centre.length; j++)
        centre[j] = own.reduce((sum, p) => sum + (p[j] as number), 0) / own.length;
    });
  }
  return { assignment, inertia };
}
