import type { CatalogueEntry, Offer, OfferedFile } from '../../contract/catalogue.ts';
import { SnugError } from '../../contract/errors.ts';
import type { HubAddress } from '../../contract/hub-address.ts';
import {
  isSourcePrecision,
  readRepository,
  type ListedFile,
  type ListedModel,
} from '../../models/repository-files.ts';
import { choose, type Candidate } from './choice.ts';
import type { HubRepository } from './hub-reader.ts';
import type { Machine } from './machine.ts';

/** A model of a repository that may be taken. */
export interface Choice extends Candidate {
  readonly listed: ListedModel;
}

/** What an offer is made of, before anything is known of the files but their list. */
export interface PlannedOffer {
  readonly repository: HubRepository;
  readonly choices: readonly Choice[];
  readonly chosen: Choice;
  readonly why: string | null;
  /** best first */
  readonly visions: readonly ListedFile[];
}

/** Bits of a weight, for the number of weights that a file holds; of what is not listed about those of Q4_K_M. */
const BITS: Readonly<Record<string, number>> = { F32: 32, F16: 16, BF16: 16, Q8_0: 8.5 };
const OTHER_BITS = 5;

/**
 * Which files of a repository to take.
 *
 * @throws SnugError UNSUPPORTED_MODEL where it holds no model that Snug could use, NOT_FOUND where it lacks what was asked for
 */
export function planOffer(
  repository: HubRepository,
  asked: Pick<HubAddress, 'file' | 'precision'>,
  machine: Machine,
): PlannedOffer {
  const { models, visions, incomplete } = readRepository(repository.files);
  const [firstVision] = visions;
  if (models.length === 0) throw withoutModels(repository, visions, incomplete);
  const choices = models.map((listed) => choiceOf(listed, firstVision?.bytes ?? 0));
  const wanted = wantedOf(repository, choices, asked);
  const chosen = wanted ? { model: wanted, why: null } : choose(choices, machine);
  if (!chosen) throw withoutModels(repository, visions, incomplete);
  return { repository, choices: distinct(choices), chosen: chosen.model, why: chosen.why, visions };
}

function choiceOf(listed: ListedModel, visionBytes: number): Choice {
  const { precision, bytes, files } = listed;
  return {
    listed,
    precision: precision ?? files[0]?.path ?? '',
    // what its name does not tell its header will
    mayBeFitted: precision === null || isSourcePrecision(precision),
    bytes: bytes + visionBytes,
    parameters: (bytes * 8) / (BITS[precision ?? 'F16'] ?? OTHER_BITS),
  };
}

/** One a precision: the largest, which is the model where a draft model lies beside it. */
function distinct(choices: readonly Choice[]): Choice[] {
  return [...Map.groupBy(choices, ({ precision }) => precision).values()].flatMap((alike) =>
    alike.toSorted((a, b) => b.bytes - a.bytes).slice(0, 1),
  );
}

function wantedOf(
  { repository }: HubRepository,
  choices: readonly Choice[],
  { file, precision }: Pick<HubAddress, 'file' | 'precision'>,
): Choice | undefined {
  if (precision === undefined && file === undefined) return undefined;
  const isWanted = (choice: Choice) =>
    precision !== undefined
      ? choice.precision.toUpperCase() === precision.toUpperCase()
      : choice.listed.files.some(({ path }) => path === file);
  const found = distinct(choices.filter(isWanted))[0];
  // the page of a vision file, or of a card, stands for its repository
  if (found || precision === undefined) return found;
  const there = distinct(choices).map((choice) => choice.precision);
  throw new SnugError('NOT_FOUND', `${repository} has no ${precision}`, {
    advice: `It has ${there.join(', ')}.`,
  });
}

const LOOK_FOR_GGUF = 'Look for a repository of the same model whose name ends in -GGUF.';

function withoutModels(
  { repository, files }: HubRepository,
  visions: readonly ListedFile[],
  incomplete: readonly string[],
): SnugError {
  const refuse = (what: string, advice = LOOK_FOR_GGUF) =>
    new SnugError('UNSUPPORTED_MODEL', `${repository} ${what}`, { advice });
  const has = (end: RegExp) => files.some(({ path }) => end.test(path));
  if (incomplete.length > 0)
    return refuse(
      `lacks parts of ${incomplete.join(', ')}`,
      'Its publisher may still be uploading it; try again later.',
    );
  if (visions.length > 0) return refuse('holds a vision file (mmproj) and no model');
  if (has(/\.(safetensors|bin|pth?)$/i))
    return refuse('holds weights for PyTorch and no GGUF file, the form that Snug reads');
  if (has(/\.(onnx|tflite|mlmodel)$/i)) return refuse('holds a model for another program, and no GGUF file');
  return refuse('holds no GGUF file, the form that Snug reads models in');
}

/** What is downloaded, in the order that a download takes. */
export function filesOf({ listed }: Choice, vision: ListedFile | undefined): OfferedFile[] {
  return [
    ...listed.files.map((file, i) => ({ ...file, role: i === 0 ? ('model' as const) : ('part' as const) })),
    ...(vision ? [{ ...vision, role: 'vision' as const }] : []),
  ].map(({ path, bytes, role }) => ({ path, bytes, role }));
}

/** Whose licence is that of a repository: the catalogue's, else what its card names. */
export function licenceOf(
  { licence, page }: HubRepository,
  entry: CatalogueEntry | undefined,
): Offer['licence'] {
  if (entry) return entry.licence;
  return licence === undefined ? null : { name: licence, url: page, words: null };
}
