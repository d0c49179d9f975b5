import { describe, expect, it } from 'vitest';
import { surviveCampaign } from '../helpers/hub/campaign.ts';

const MIB = 2 ** 20;

describe('a download', () => {
  it('of 200 MB survives 20 cuts and 20 kills, and what a kill costs is less than a chunk', async () => {
    const { twice } = await surviveCampaign({ bytes: 200e6, cuts: 20, kills: 20, bytesPerSecond: 10 * MIB });
    // on average half a chunk of 8 MiB; a bound that nothing could break would prove nothing
    expect(twice).toBeLessThan(120 * MIB);
  });
});
