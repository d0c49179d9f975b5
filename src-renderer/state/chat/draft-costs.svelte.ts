import type { PictureCost, PictureCosts } from '../../../src-main/contract/conversation.ts';
import { toErrorData, type ErrorData } from '../../../src-main/contract/errors.ts';

interface Written {
  readonly text: string;
  readonly pictures: readonly string[];
  /** the question whose place it is to take */
  readonly editing: string | null;
}

export type CostsOf = (question: Written) => Promise<PictureCosts | null>;

/** Words take room from pictures once there are many: after so many letters more or less, costs are asked for again. */
const WORTH_ASKING_LETTERS = 400;

/** What the pictures of a question being written will take, as usual or with more detail. */
export class DraftCosts {
  readonly #costsOf: CostsOf | undefined;
  readonly #onchoice: () => void;
  #asking = 0;
  #askedLetters = 0;
  #known: PictureCosts | null = $state.raw(null);
  #wantsMore: boolean = $state(false);
  /** why pictures have no cost: the model cannot see, cannot be read, or the question does not fit */
  problem: ErrorData | null = $state.raw(null);
  counting: boolean = $state(false);

  constructor(costsOf: CostsOf | undefined, onchoice: () => void = () => undefined) {
    this.#costsOf = costsOf;
    this.#onchoice = onchoice;
  }

  /** of the pictures as they will be sent */
  get chosen(): PictureCost | null {
    return (this.#wantsMore ? this.#known?.more : null) ?? this.#known?.usual ?? null;
  }

  /** what the other choice takes; null where there is none */
  get other(): PictureCost | null {
    const { more = null, usual = null } = this.#known ?? {};
    return more && (this.#wantsMore ? usual : more);
  }

  get moreDetail(): boolean {
    return this.#wantsMore;
  }

  set moreDetail(wanted: boolean) {
    if (wanted === this.#wantsMore) return;
    this.#wantsMore = wanted;
    this.#onchoice();
  }

  tokensOf(hash: string): number | null {
    return this.chosen?.pictures.find((picture) => picture.hash === hash)?.tokens ?? null;
  }

  /** Asks again: another model, other options or other pictures change it. */
  async refresh(written: Written): Promise<void> {
    const asking = ++this.#asking;
    this.#askedLetters = written.text.length;
    this.problem = null;
    if (!this.#costsOf || written.pictures.length === 0) {
      this.#known = null;
      this.#wantsMore = false;
      this.counting = false;
      return;
    }
    this.counting = true;
    try {
      const known = await this.#costsOf(written);
      if (asking === this.#asking) this.#known = known;
    } catch (error) {
      if (asking !== this.#asking) return;
      this.#known = null;
      this.problem = toErrorData(error);
    } finally {
      if (asking === this.#asking) this.counting = false;
    }
  }

  /** Asks again where the words have become many more or fewer. */
  async wordsChanged(written: Written): Promise<void> {
    const change = Math.abs(written.text.length - this.#askedLetters);
    if (written.pictures.length > 0 && change >= WORTH_ASKING_LETTERS) await this.refresh(written);
  }
}
