import { splitThoughts } from '../../contract/thoughts.ts';

/** A piece of an answer: of what the model thought aloud before it, or of itself. */
export interface SaidPiece {
  readonly thoughts: string;
  readonly answer: string;
}

/** What may be the beginning of a bracket around thoughts, at the end of a text. */
const HALF_BRACKET = /[<[◁][^>\]▷\n]{0,12}$/;

/** Tells thoughts from the answer while both come. */
export class ThoughtStream {
  #text = '';
  #told: SaidPiece = { thoughts: '', answer: '' };

  /** What is new with this piece. */
  push(piece: string): SaidPiece {
    this.#text += piece;
    // a bracket is told from words once it is whole
    const isAnswering = this.#told.answer !== '';
    return this.#tell(isAnswering ? this.#text : this.#text.replace(HALF_BRACKET, ''));
  }

  /** What was held back, once nothing more comes. */
  end(): SaidPiece {
    return this.#tell(this.#text);
  }

  #tell(text: string): SaidPiece {
    const { thoughts, answer } = splitThoughts(text);
    const before = this.#told;
    this.#told = { thoughts, answer };
    return { thoughts: thoughts.slice(before.thoughts.length), answer: answer.slice(before.answer.length) };
  }
}
