import { MOST_PICTURES, type AddedPicture } from '../../../src-main/contract/conversation.ts';
import { toErrorData, type ErrorData } from '../../../src-main/contract/errors.ts';
import { MOST_PICTURE_BYTES } from '../../../src-main/contract/wire.ts';
import type { Bridge } from '../../bridge/bridge.ts';
import { addedWords } from '../../text/added-words.ts';
import { DocumentChoice, isDocument } from './document-choice.svelte.ts';
import { formatBytes } from '../../text/format.ts';

/** Where pictures go. */
export interface PicturePlaces {
  /** how many more there may be */
  room(): number;
  /** A place for a picture that is on its way. */
  hold(name: string): number;
  /** False where the picture is there already. */
  fill(place: number, picture: AddedPicture): boolean;
  drop(place: number): void;
  /** Told once all that came together is there or refused. */
  settled(): Promise<void>;
}

export type RefusedFile = Pick<ErrorData, 'message' | 'advice'> & { readonly key: number };
type Outcome = 'added' | 'known' | 'refused' | 'to be chosen';

/** Files on their way to become pictures of a question: what is refused, and documents whose pages are to be chosen. */
export class FileAdding {
  readonly #bridge: Bridge;
  readonly #places: PicturePlaces;
  #nextKey = 1;
  /** files that were not taken, each with why */
  problems: readonly RefusedFile[] = $state.raw([]);
  /** documents of several pages; the first is shown */
  choices: readonly DocumentChoice[] = $state.raw([]);
  /** what became of the files that were added last, to be heard */
  said: string = $state('');
  onTheWay: Promise<unknown> = Promise.resolve();

  constructor(bridge: Bridge, places: PicturePlaces) {
    this.#bridge = bridge;
    this.#places = places;
  }

  /** Takes what is a picture; every other file is named with the reason and the rest goes on. */
  async add(files: readonly File[]): Promise<void> {
    if (files.length === 0) return;
    const before = this.problems.length;
    const room = this.#places.room();
    if (files.length > room) {
      this.#refuse({
        message: `one message takes at most ${MOST_PICTURES} pictures; ${files.length - room} were left out`,
        advice: 'Send these first, then the others.',
      });
    }
    await this.#wait(
      files.slice(0, room).map((file) => this.#addFile(file)),
      before,
    );
  }

  /** Adds the chosen pages of the first document; the next one is shown. */
  async addChosen(): Promise<void> {
    const [choice] = this.choices;
    if (!choice) return;
    this.dropChoice();
    const { file, name, chosen } = choice;
    const pages = chosen.slice(0, this.#places.room());
    await this.#wait(
      pages.map((page) => this.#take(`${name}, page ${page}`, this.#bridge.addPicture(file, name, page))),
      this.problems.length,
    );
  }

  dropChoice(): void {
    this.choices = this.choices.slice(1);
  }

  closeProblems(): void {
    this.problems = [];
  }

  async #wait(adding: readonly Promise<Outcome>[], problemsBefore: number): Promise<void> {
    const added = Promise.all(adding);
    this.onTheWay = Promise.all([this.onTheWay, added]);
    const outcomes = await added;
    const count = (wanted: Outcome): number => outcomes.filter((one) => one === wanted).length;
    const refused = this.problems.slice(problemsBefore);
    this.said = addedWords({ added: count('added'), known: count('known'), refused });
    await this.#places.settled();
  }

  async #addFile(file: File): Promise<Outcome> {
    const name = file.name || 'picture';
    if (file.size > MOST_PICTURE_BYTES) {
      return this.#refuse({
        message: `“${name}” has ${formatBytes(file.size)}; a picture may have ${formatBytes(MOST_PICTURE_BYTES)}`,
        advice: 'Save it smaller and add it again.',
      });
    }
    if (!isDocument(file)) return this.#take(name, this.#bridge.addPicture(file, name));
    return this.#addDocument(file, name);
  }

  async #take(name: string, coming: Promise<AddedPicture>): Promise<Outcome> {
    const place = this.#places.hold(name);
    try {
      return this.#places.fill(place, await coming) ? 'added' : 'known';
    } catch (error) {
      this.#places.drop(place);
      return this.#refuseNamed(name, error);
    }
  }

  /** Lets the person choose where a document has several pages; one page is taken as it is. */
  async #addDocument(file: File, name: string): Promise<Outcome> {
    const place = this.#places.hold(name);
    try {
      const shown = await this.#bridge.documentPages(file, name, 1);
      if (shown.pages === 1) {
        return this.#places.fill(place, await this.#bridge.addPicture(file, name)) ? 'added' : 'known';
      }
      this.#places.drop(place);
      const room = (): number => this.#places.room();
      this.choices = [...this.choices, new DocumentChoice(this.#bridge, { file, name, room, shown })];
      return 'to be chosen';
    } catch (error) {
      this.#places.drop(place);
      return this.#refuseNamed(name, error);
    }
  }

  #refuseNamed(name: string, error: unknown): 'refused' {
    const { message, advice } = toErrorData(error);
    return this.#refuse({ message: message.includes(name) ? message : `“${name}”: ${message}`, advice });
  }

  #refuse(problem: Omit<RefusedFile, 'key'>): 'refused' {
    this.problems = [...this.problems, { ...problem, key: this.#nextKey++ }];
    return 'refused';
  }
}
