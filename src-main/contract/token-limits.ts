/** Numbers of tokens that a person may ask for or is offered. */

/** Context of a new conversation and of a fit. Long enough for several pictures and questions; a longer one costs memory. */
export const DEFAULT_CONTEXT_TOKENS = 4096;
export const LEAST_CONTEXT_TOKENS = 256;
export const MOST_CONTEXT_TOKENS = 1_048_576;
/** Shortest context that is still a conversation about a picture: no shorter one is offered. */
export const LEAST_OFFERED_CONTEXT_TOKENS = 1024;
export const MOST_ANSWER_TOKENS = 65_536;
export const MOST_PICTURE_TOKENS = 65_536;
