import { readGguf } from './gguf.ts';
import { partName, pathsOfParts } from './part-names.ts';
import { splitOf, type Split } from './whole-gguf.ts';

/**
 * The files of the model that a file belongs to, the first part first: the file alone unless it says itself that it is a part. Where the
 * model is not whole or broken, those that are there and say that they are its parts.
 */
export function ownFiles(path: string): readonly string[] {
  const name = partName(path);
  const given = name && whatItSays(path);
  if (!given || name.number !== given.number + 1 || name.count !== given.count) return [path];
  return pathsOfParts(path).filter((other, i) => {
    const split = other === path ? given : whatItSays(other);
    return split?.number === i && split.count === given.count;
  });
}

/** Ends the reading once it is known what the file is. */
class Enough extends Error {}

/** undefined for a whole model, and for what is none. */
function whatItSays(path: string): Split | undefined {
  let split: Split | undefined;
  try {
    readGguf(path, {
      onMetadata: (start) => {
        split = splitOf(start);
        throw new Enough();
      },
    });
  } catch {
    // what is wrong with it says who reads it as a model
  }
  return split;
}
