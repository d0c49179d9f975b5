/**
 * What a person can do about an error, as data. Each door words a remedy in its own terms: a button in the window, a flag or a command in
 * the terminal. Only what is possible where the error arose is offered.
 */
export type Remedy =
  /** give the model its vision file */
  | { readonly kind: 'add-vision-file' }
  /** several vision files would do: choose one */
  | { readonly kind: 'choose-vision-file'; readonly paths: readonly string[] }
  | { readonly kind: 'set-context'; readonly tokens: number }
  /** let a picture take at most so many tokens */
  | { readonly kind: 'limit-picture-tokens'; readonly tokens: number }
  /** let a picture take fewer tokens, by what the person thinks right */
  | { readonly kind: 'fewer-picture-tokens' }
  /** store the vision file in 8 bits */
  | { readonly kind: 'smaller-vision' }
  | { readonly kind: 'set-budget'; readonly bytes: number }
  /** ask for the original's next word at this share of positions, 0 to 1, and no more */
  | { readonly kind: 'ask-agreement'; readonly share: number }
  /** allow this mean KL divergence from the original */
  | { readonly kind: 'allow-divergence'; readonly nats: number }
  /** measure several plans and take the best */
  | { readonly kind: 'try-plans' }
  | { readonly kind: 'set-rungs'; readonly high: string; readonly low: string }
  | { readonly kind: 'set-clusters'; readonly clusters: number }
  | { readonly kind: 'choose-output' }
  /** keep Snug's files in another folder */
  | { readonly kind: 'choose-home' }
  | { readonly kind: 'choose-models-folder' }
  /** a folder with pictures of one's own to calibrate with */
  | { readonly kind: 'choose-calibration' }
  | { readonly kind: 'built-in-calibration' }
  /** say where a benchmark's pictures are */
  | { readonly kind: 'choose-pictures-folder' }
  /** the port that the window is served from */
  | { readonly kind: 'choose-port' }
  /** compress the model first */
  | { readonly kind: 'fit-model' }
  /** load it although the memory at hand is too small: it will be slow */
  | { readonly kind: 'load-anyway' }
  | { readonly kind: 'choose-model' };
