/** Apps whose models can be found. */
export type ForeignAppId = 'lmStudio' | 'ollama' | 'jan' | 'llamaCpp' | 'huggingFace';
