import { describe, it } from 'vitest';
import { surviveCampaign } from '../../helpers/hub/campaign.ts';

const MIB = 2 ** 20;

// test/long/downloads.test.ts does the same with 200 MB, 20 cuts and 20 kills
describe('a download in a process of its own', () => {
  it('survives cuts of its connections and kills', async () => {
    await surviveCampaign({ bytes: 24 * MIB + 1, cuts: 3, kills: 2, bytesPerSecond: 10 * MIB });
  });
});
