import { render } from 'svelte/server';
import { describe, expect, it } from 'vitest';
import LayerChart from '../../../../../src-renderer/components/fit/LayerChart.svelte';
import type { PlannedLayer } from '../../../../../src-renderer/state/fit/layer-chart.ts';

const rungs = { high: 'Q4_K_M', low: 'IQ1_M' } as const;
const chart = (...plan: readonly PlannedLayer[]): string => drawn(plan, null);
const drawn = (plan: readonly PlannedLayer[], error: number | null): string => {
  const layers = plan.map((planned, layer) => ({
    ...{ layer, both: 5, error, picture: null, text: null, planned },
  }));
  return render(LayerChart, { props: { layers, rungs, filling: false } }).body.replaceAll(/\s+/g, ' ');
};

describe('the chart of the layers', () => {
  it('says of a plan of two rungs which layers go ultra-low', () => {
    const body = chart({ rung: 'IQ1_M', bitsPerWeight: null, low: true });
    for (const shown of ['goes ultra-low', 'stays at 4 bit', 'Layer 1: 5.00 bits. Goes ultra-low.'])
      expect(body).toContain(shown);
  });

  it('shows how far a layer’s entropy may be off, where that is known', () => {
    const plan = [{ rung: 'IQ1_M', bitsPerWeight: null, low: true }];
    expect(drawn(plan, 0.024)).toContain('Layer 1: 5.00 bits (± 0.02). Goes ultra-low.');
    expect(drawn(plan, 0.024)).toContain('class="error');
    expect(drawn(plan, null)).not.toContain('class="error');
  });

  it('names the type and the bits of each layer of a plan of many', () => {
    const body = chart(
      { rung: 'Q6_K', bitsPerWeight: 6.61, low: false },
      { rung: 'IQ3_M', bitsPerWeight: 3.87, low: true },
    );
    expect(body).toContain('Layer 1: 5.00 bits. Becomes Q6_K, 6.61 bits per weight.');
    expect(body).toContain('IQ3_M, 3.87 bits per weight');
    expect(body).not.toContain('stays at 4 bit');
  });
});
