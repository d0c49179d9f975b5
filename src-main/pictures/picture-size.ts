export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/**
 * The largest size of a picture's shape, in whole tokens of `side` pixels a side, that takes at most `mostTokens` and, where those allow
 * it, at least `leastTokens`. Never more than the picture has, but for the least. llama.cpp's own rounding (calc_size_preserved_ratio)
 * gives a strip more tokens than its limit; a picture of this size passes it unchanged.
 */
export function sizeWithin(
  { width, height }: PictureSize,
  side: number,
  { leastTokens = 1, mostTokens }: { leastTokens?: number; mostTokens: number },
): PictureSize {
  const least = Math.min(leastTokens, mostTokens);
  // the shape in tokens, scaled to take exactly so many
  const scaledTo = (tokens: number, round: (length: number) => number) => {
    const scale = Math.sqrt(tokens / (width * height));
    return { columns: Math.max(1, round(width * scale)), rows: Math.max(1, round(height * scale)) };
  };
  let grid = {
    columns: Math.max(1, Math.round(width / side)),
    rows: Math.max(1, Math.round(height / side)),
  };
  if (grid.columns * grid.rows > mostTokens) grid = scaledTo(mostTokens, Math.floor);
  if (grid.columns * grid.rows < least) grid = scaledTo(least, Math.ceil);
  return pixels(cutTo(grid, mostTokens), side);
}

interface Grid {
  readonly columns: number;
  readonly rows: number;
}

/** A strip that is one token high takes as many as it is long: its long side gives way. */
function cutTo({ columns, rows }: Grid, mostTokens: number): Grid {
  if (columns * rows <= mostTokens) return { columns, rows };
  return columns >= rows
    ? { columns: Math.max(1, Math.floor(mostTokens / rows)), rows }
    : { columns, rows: Math.max(1, Math.floor(mostTokens / columns)) };
}

function pixels({ columns, rows }: Grid, side: number): PictureSize {
  return { width: columns * side, height: rows * side };
}
