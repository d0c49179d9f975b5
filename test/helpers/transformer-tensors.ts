import { tensorTypeId } from '../../src-main/gguf/tensor-types.ts';

const ROWS = {
  attn_q: 512,
  attn_k: 128,
  attn_v: 128,
  attn_output: 512,
  ffn_gate: 1536,
  ffn_up: 1536,
  ffn_down: 512,
};

/** The matrices of so many layers of a small transformer, as headers have them. */
export function layerMatrices(layers: number) {
  return Array.from({ length: layers }, (_, layer) =>
    Object.entries(ROWS).map(([kind, rows]) => {
      const columns = kind === 'ffn_down' ? 1536 : 512;
      const name = `blk.${layer}.${kind}.weight`;
      return { name, type: tensorTypeId('F16'), shape: [columns, rows], elements: columns * rows };
    }),
  ).flat();
}
