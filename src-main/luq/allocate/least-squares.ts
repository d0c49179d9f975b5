import { SnugError } from '../../contract/errors.ts';

/** A parameter's value before anything was measured, and how sure that is. */
export interface Belief {
  readonly mean: number;
  /** standard deviation */
  readonly deviation: number;
}

export interface Posterior {
  readonly parameters: number[];
  /** covariance: row after row, as many as parameters */
  readonly covariance: number[][];
}

/** Residuals in standard deviations of their measurements, and their derivative by each parameter: [residuals][parameters]. */
export interface Linearised {
  readonly residuals: readonly number[];
  readonly jacobian: readonly (readonly number[])[];
}

const MOST_STEPS = 100;
const CONVERGED = 1e-9;

/**
 * The most probable parameters (maximum a posteriori) for Gaussian beliefs and noise: Levenberg–Marquardt. A step that doesn't make the sum
 * of squares smaller is not taken, so the result is never less probable than the beliefs.
 */
export function mostProbable(
  beliefs: readonly Belief[],
  linearise: (parameters: readonly number[]) => Linearised,
): Posterior {
  let parameters = beliefs.map(({ mean }) => mean);
  let at = linearise(parameters);
  let damping = 1e-3;
  for (let step = 0; step < MOST_STEPS; step++) {
    const { matrix, gradient } = normalEquations(beliefs, parameters, at);
    const damped = matrix.map((row, i) => row.map((value, j) => (i === j ? value * (1 + damping) : value)));
    const change = solve(damped, gradient);
    const next = parameters.map((value, i) => value - (change[i] ?? 0));
    const there = linearise(next);
    const [before, after] = [squares(beliefs, parameters, at), squares(beliefs, next, there)];
    if (!(after <= before)) {
      damping *= 10;
      if (damping > 1e12) break;
      continue;
    }
    [parameters, at] = [next, there];
    damping = Math.max(damping / 10, 1e-12);
    if (before - after <= CONVERGED * before) break;
  }
  return { parameters, covariance: inverse(normalEquations(beliefs, parameters, at).matrix) };
}

function squares(beliefs: readonly Belief[], parameters: readonly number[], at: Linearised): number {
  const measured = at.residuals.reduce((sum, residual) => sum + residual ** 2, 0);
  const believed = beliefs.reduce(
    (sum, { mean, deviation }, i) => sum + (((parameters[i] ?? mean) - mean) / deviation) ** 2,
    0,
  );
  return measured + believed;
}

function normalEquations(
  beliefs: readonly Belief[],
  parameters: readonly number[],
  { residuals, jacobian }: Linearised,
): { matrix: number[][]; gradient: number[] } {
  const matrix = beliefs.map(({ deviation }, i) => beliefs.map((_, j) => (i === j ? deviation ** -2 : 0)));
  const gradient = beliefs.map(({ mean, deviation }, i) => ((parameters[i] ?? mean) - mean) / deviation ** 2);
  for (const [k, row] of jacobian.entries()) {
    for (const [i, a] of row.entries()) {
      if (a === 0) continue;
      gradient[i] = (gradient[i] ?? 0) + a * (residuals[k] ?? 0);
      const to = matrix[i] ?? [];
      for (const [j, b] of row.entries()) to[j] = (to[j] ?? 0) + a * b;
    }
  }
  return { matrix, gradient };
}

/** Of a symmetric positive definite matrix, through its Cholesky factor. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  return substituted(cholesky(matrix), right);
}

/** Of a symmetric positive definite matrix. */
function inverse(matrix: readonly (readonly number[])[]): number[][] {
  const factor = cholesky(matrix);
  return matrix.map((_, i) =>
    substituted(
      factor,
      matrix.map((__, j) => (i === j ? 1 : 0)),
    ),
  );
}

/** The lower triangle whose product with its transpose is the matrix. */
function cholesky(matrix: readonly (readonly number[])[]): number[][] {
  const factor: number[][] = [];
  for (const [i, row] of matrix.entries()) {
    const line: number[] = [];
    factor.push(line);
    for (let j = 0; j <= i; j++) {
      const other = factor[j] ?? [];
      let sum = row[j] ?? 0;
      for (let k = 0; k < j; k++) sum -= (line[k] ?? 0) * (other[k] ?? 0);
      if (i === j && !(sum > 0))
        throw new SnugError('BUG', 'a matrix of normal equations is not positive definite');
      line.push(i === j ? Math.sqrt(sum) : sum / (other[j] ?? 1));
    }
  }
  return factor;
}

function substituted(factor: readonly (readonly number[])[], right: readonly number[]): number[] {
  const forward: number[] = [];
  for (const [i, row] of factor.entries()) {
    let sum = right[i] ?? 0;
    for (let k = 0; k < i; k++) sum -= (row[k] ?? 0) * (forward[k] ?? 0);
    forward.push(sum / (row[i] ?? 1));
  }
  const result = [...forward];
  for (let i = factor.length - 1; i >= 0; i--) {
    let sum = forward[i] ?? 0;
    for (let k = i + 1; k < factor.length; k++) sum -= (factor[k]?.[i] ?? 0) * (result[k] ?? 0);
    result[i] = sum / (factor[i]?.[i] ?? 1);
  }
  return result;
}
