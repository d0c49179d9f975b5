import { render } from 'svelte/server';
import { describe, expect, it } from 'vitest';
import type { Offer } from '../../../../../src-main/contract/catalogue.ts';
import { SnugError } from '../../../../../src-main/contract/errors.ts';
import AddressOffers from '../../../../../src-renderer/components/models/AddressOffers.svelte';
import CatalogueSection from '../../../../../src-renderer/components/models/CatalogueSection.svelte';
import { CatalogueState, partAddresses } from '../../../../../src-renderer/state/models/catalogue.svelte.ts';
import { downloadedFrom } from '../../../../../src-renderer/state/models/downloaded.ts';
import { needFacts } from '../../../../../src-renderer/text/catalogue-words.ts';
import { catalogue, item, needs, offer } from '../../../services/catalogue/made-up.ts';
import { download } from '../../downloads.ts';
import { FakeBridge, model } from '../../fake-bridge.ts';
import { openApp } from '../../open-app.ts';

async function open(answers: ConstructorParameters<typeof FakeBridge>[0] = {}) {
  const bridge = new FakeBridge({
    catalogue: {
      list: () =>
        Promise.resolve(catalogue([item(), item({ id: 'seer-3b', name: 'Seer 3B', repository: 'seer/3B' })])),
      offer: () => Promise.resolve(offer()),
    },
    ...answers,
  });
  const app = openApp(bridge);
  await app.load();
  const state = new CatalogueState(app);
  const section = () => render(CatalogueSection, { props: { app, state, isFirst: true } }).body;
  return { app, bridge, state, section };
}

describe('the catalogue', () => {
  it('says what fits and under which licence before anything is asked of the hub', async () => {
    const { bridge, state, section } = await open();
    expect(section()).toContain('Looking at this laptop');
    await state.load();
    const body = section();
    for (const words of [
      'Get your first model',
      'Seer 7B',
      'Reads small print.',
      '7.6\u00a0B parameters, 28 layers, pictures of up to 4,096 tokens',
      'About 15.50\u00a0GiB to download in F16',
      'Fits with a fit',
      'Best for this laptop',
      'href="https://hub.test/LICENSE"',
      ': Free for any use.',
      'exact ones are asked of hub.test when you want to see them',
      'See exact sizes',
    ])
      expect(body).toContain(words);
    expect(bridge.asked('catalogue.offer')).toEqual([]);
  });

  it('shows what one comes to once the hub was asked, and lets the file be chosen', async () => {
    const { bridge, state, section } = await open();
    await state.load();
    await state.look({ id: 'seer-7b' });
    const body = section();
    for (const words of [
      'Disk when the fit takes most',
      '28.00\u00a0GiB',
      '100\u00a0GiB free',
      'Get 15.50\u00a0GiB',
    ])
      expect(body.replace(/[ \n]+/g, ' ')).toContain(words);
    expect(body).toMatch(/<option[^>]*value="F16"[^>]*>F16, 15\.50\u00a0GiB/);
    expect(body).toContain('Q4_K_M, 5.50\u00a0GiB, to chat with as it is');
    await state.look({ id: 'seer-7b' }, 'Q4_K_M');
    expect(bridge.asked('catalogue.offer')).toEqual([
      { id: 'seer-7b', precision: undefined },
      { id: 'seer-7b', precision: 'Q4_K_M' },
    ]);
    state.close('seer-7b');
    expect(section()).not.toContain('Get 15.50');
  });

  it('takes the answer about the file that was chosen last', async () => {
    const answers: ((offer: Offer) => void)[] = [];
    const { state } = await open({
      catalogue: { offer: () => new Promise<Offer>((answer) => answers.push(answer)) },
    });
    const first = state.look({ id: 'seer-7b' });
    const second = state.look({ id: 'seer-7b' }, 'Q8_0');
    await Promise.resolve();
    answers[1]?.(offer({ precision: 'Q8_0' }));
    await second;
    answers[0]?.(offer({ precision: 'F16' }));
    await first;
    expect(state.asked['seer-7b']).toMatchObject({ asking: false, offer: { precision: 'Q8_0' } });
  });

  it('stays, with a way to try again, where the hub cannot be reached', async () => {
    const { state, section } = await open({
      catalogue: {
        list: () => Promise.resolve(catalogue()),
        offer: () => Promise.reject(new SnugError('OFFLINE', 'hub.test cannot be reached')),
      },
    });
    await state.load();
    await state.look({ id: 'seer-7b' });
    const body = section();
    expect(body).toContain('hub.test cannot be reached.');
    expect(body).toContain('Try again');
    expect(body).toContain('Fitted it takes about 7\u00a0GiB.');
  });

  it('begins the download of exactly what was shown', async () => {
    const { bridge, state } = await open({ downloads: { start: () => Promise.resolve(download()) } });
    await state.look({ id: 'seer-7b' });
    const asked = state.asked['seer-7b'];
    expect(asked && (await state.get(asked))).toBe(true);
    expect(bridge.asked('downloads.start')).toEqual([
      {
        name: 'Seer 7B',
        repository: 'seer/Seer-7B-GGUF',
        revision: 'c'.repeat(40),
        files: [
          { path: 'seer-f16.gguf', role: 'model' },
          { path: 'mmproj-f16.gguf', role: 'vision' },
        ],
        licence: { name: 'Apache 2.0', url: 'https://hub.test/LICENSE' },
        expected: { bytes: offer().needs.downloadBytes },
      },
    ]);
  });

  it('shows the download in the place of the button, and then what to do with the model', async () => {
    const list = [download({ repository: 'Seer/seer-7b-gguf', state: 'downloading' })];
    const { app, state, section } = await open({ downloads: { list: () => Promise.resolve(list) } });
    await state.load();
    expect(section()).toContain('Download of Seer 7B');
    app.downloads.take([download({ repository: 'Seer/seer-7b-gguf', state: 'done', modelId: 'demo' })]);
    app.models = [model({ id: 'demo' })];
    const { onfit, onchat } = downloadedFrom(app, 'seer/Seer-7B-GGUF');
    expect([onfit, onchat]).not.toContain(null);
    expect(section()).not.toContain('Download of Seer 7B');
  });
});

describe('a pasted address', () => {
  it('is told from a path', () => {
    expect(partAddresses(['/models/a.gguf', 'hf.co/a/b:Q8_0', 'Qwen/Qwen3-VL-4B-Instruct-GGUF'])).toEqual({
      paths: ['/models/a.gguf'],
      addresses: ['hf.co/a/b:Q8_0', 'Qwen/Qwen3-VL-4B-Instruct-GGUF'],
    });
  });

  it('becomes an offer, or says why it cannot be one', async () => {
    const { app, state } = await open({
      catalogue: {
        offer: ({ address }) =>
          address === 'hf.co/a/moe'
            ? Promise.reject(new SnugError('UNSUPPORTED_MODEL', 'a/moe is a mixture of experts'))
            : Promise.resolve(offer({ id: null, notes: ['It will not see pictures.'], licence: null })),
      },
    });
    await state.lookAt('hf.co/a/moe');
    await state.lookAt(' hf.co/seer/b ');
    expect(state.addresses).toEqual(['hf.co/seer/b', 'hf.co/a/moe']);
    const { body } = render(AddressOffers, { props: { app, state } });
    for (const words of [
      'A/moe is a mixture of experts.',
      'Seer 7B',
      'It will not see pictures.',
      'Its publisher names no licence.',
    ])
      expect(body).toContain(words);
    state.close('hf.co/a/moe');
    expect(state.addresses).toEqual(['hf.co/seer/b']);
  });
});

it('what a model needs is held against what there is', () => {
  const of = (change: Parameters<typeof needs>[0]) =>
    needFacts({ needs: needs(change), sees: true }).map(({ label, value, against }) => [
      label,
      value,
      against,
    ]);
  expect(of({ downloadSeconds: 600 })).toEqual([
    ['Download, vision file included', '15.50\u00a0GiB', '100\u00a0GiB free'],
    ['Disk when the fit takes most', '28.00\u00a0GiB', '100\u00a0GiB free'],
    ['Memory as it is', '17.00\u00a0GiB', '11.00\u00a0GiB to spare'],
    ['Memory once fitted', '5.00\u00a0GiB to 7.00\u00a0GiB', '11.00\u00a0GiB to spare'],
    [
      'Memory while it is fitted',
      '17.00\u00a0GiB',
      'more than there is: it reads from the disk instead, and takes longer',
    ],
    ['Download time', 'about 10\u00a0min', null],
    ['Time of the fit here', 'about 1\u00a0h 30\u00a0min', null],
  ]);
});
