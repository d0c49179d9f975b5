/** What the benches share. */
export interface Setting {
  readonly folder: string;
  /** folder of llama.cpp's own tools */
  readonly peers: string;
  readonly threads: number;
  /** random weights of 7B shape, F16 */
  readonly model: string;
  readonly imatrix: string;
  /** the same shape with fewer layers in Q4_K_M */
  readonly quantized: string;
  readonly text: string;
}
