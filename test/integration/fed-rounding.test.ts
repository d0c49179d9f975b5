import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Quality } from '../../src-main/contract/fit-report.ts';
import type { FitRequest } from '../../src-main/contract/fit-request.ts';
import type { Fitted } from '../../src-main/contract/workers/compress.ts';
import { chooseRounding } from '../../src-main/fit/choose-rounding.ts';
import { identify, openContext } from '../../src-main/fit/context.ts';
import { roundFed } from '../../src-main/fit/fed-rounding.ts';
import { fit } from '../../src-main/fit/fit.ts';
import { startMeasuring, type MeasuringContext } from '../../src-main/fit/measuring-context.ts';
import { Trials, type Trial } from '../../src-main/fit/trials.ts';
import { readGguf, metadataString, type GgufTensor } from '../../src-main/gguf/gguf.ts';
import { shortMmproj, shortModel } from '../fixtures/short-demo.ts';
import { outputOf, quickFit } from '../helpers/quick-fit.ts';
import { isOfOnePlan } from '../../src-main/luq/quantize/fed-bank.ts';
import { sharedFolder } from '../helpers/temporary-folder.ts';

// A fit whose rounding errors are fed on.

const folder = sharedFolder();
const demo = { modelPath: shortModel, mmprojPath: shortMmproj };
/** What `quickFit` asks for, to look on at. */
const REQUEST: FitRequest = {
  ...demo,
  home: join(folder, 'home'),
  lowLayers: 2,
  rungs: { high: 'Q4_K_M', low: 'Q2_K' },
  calibrationTokens: 1000,
  clusters: 10,
  threads: 1,
  rounding: 'fed',
};

interface Kept {
  readonly rounding: string;
  readonly plainError: number;
  readonly fedError: number;
}

/** What the bank says of each tensor's blocks. */
function keptReports(): Map<string, Kept> {
  const work = join(folder, 'home', 'work');
  const banks = readdirSync(work).map((name) => join(work, name, 'bank'));
  const fed = banks
    .filter((bank) => existsSync(bank))
    .flatMap((bank) => readdirSync(bank).map((name) => join(bank, name)))
    .filter((path) => path.includes('-fed'));
  return new Map(
    fed.flatMap((path) =>
      readdirSync(path)
        .filter((name) => name.endsWith('.fed.json'))
        .map((name): [string, Kept] => [name, JSON.parse(readFileSync(join(path, name), 'utf8')) as Kept]),
    ),
  );
}

/** Says of models what it was told to. */
class MadeUpTrials extends Trials {
  readonly #nats: Readonly<Record<'plain' | 'fed', number>>;

  constructor(measuring: MeasuringContext, nats: Readonly<Record<'plain' | 'fed', number>>) {
    super(measuring, measuring.calibrated);
    this.#nats = nats;
  }

  override measure({ weights }: Trial): Promise<Quality> {
    const nothing = { medianKld: null, p90Kld: null, p99Kld: null, perplexity: null, sourcePerplexity: null };
    const meanKld = this.#nats[weights ? 'fed' : 'plain'];
    const image = { ...nothing, tokens: 100, meanKld, topAgreement: 1, belowChance: null, sourceKnows: null };
    return Promise.resolve({ image, text: null, answers: null });
  }
}

describe('a fit with errors fed on', () => {
  let fed: Fitted;

  beforeAll(async () => {
    fed = await quickFit(folder, { ...demo, rounding: 'fed', output: join(folder, 'fed.gguf') });
  });

  it('says what that did, in the report and in the file', () => {
    const { plan } = fed;
    expect(plan.fed?.fed).toBeGreaterThan((plan.fed?.tensors ?? 0) / 2);
    expect(plan.fed?.meanGain).toBeGreaterThan(0.1);
    expect(metadataString(readGguf(outputOf(fed)), 'luq.rounding')).toBe('fed');
  });

  it('is on no tensor further from the source than plain rounding, on inputs that were held out', () => {
    const reports = [...keptReports()];
    expect(reports.length).toBeGreaterThan(20);
    for (const [, { rounding, plainError, fedError }] of reports) {
      expect(fedError).toBeLessThanOrEqual(plainError);
      expect(fedError === plainError).toBe(rounding === 'plain');
    }
  });

  it('has the sizes that a plain one has, and other bytes; a second one takes all from the bank', async () => {
    const plain = await quickFit(folder, { ...demo, output: join(folder, 'plain.gguf') });
    const files = [fed, plain].map((fitted) => readGguf(outputOf(fitted)));
    expect(files[0]?.tensors.map(({ bytes }) => bytes)).toEqual(files[1]?.tensors.map(({ bytes }) => bytes));
    expect(plain.plan.fed).toBeNull();
    const seen: number[] = [];
    const again = await fit(
      { ...REQUEST, output: join(folder, 'again.gguf') },
      {
        onProgress: ({ stage, done, total }) => {
          if (stage === 'quantize') seen.push(done / total);
        },
      },
    );
    expect(again.plan.fed).toEqual(fed.plan.fed);
    expect(new Set(seen)).toEqual(new Set([1]));
    expect(readFileSync(outputOf(again)).equals(readFileSync(outputOf(fed)))).toBe(true);
  });

  it('sums up what quantized layers leave where it is asked to: the first layer is the same, those above are not', async () => {
    using read = await openContext(REQUEST, {});
    const measuring = await startMeasuring(await identify(read));
    const { types } = measuring.planner.withLowLayers([0, 1, 2, 3, 4], 2);
    const [source, quantized] = [
      await roundFed(measuring, { types, inputs: 'source' }),
      await roundFed(measuring, { types, inputs: 'quantized' }),
    ];
    expect(quantized.fed.tensors).toBe(source.fed.tensors);
    expect(quantized.fed.fed).toBeGreaterThan(quantized.fed.tensors / 2);
    const isSame = (tensor: GgufTensor) => {
      const type = types.get(tensor.name) ?? tensor.type;
      const [one, other] = [source, quantized].map(({ bank }) => readFileSync(bank.path(tensor, type)));
      return one?.equals(other ?? Buffer.of()) ?? false;
    };
    const fedIn = (layer: number) =>
      measuring.source.text.gguf.tensors.filter(({ name }) =>
        new RegExp(`^blk\\.${layer}\\.(attn_q|ffn_up|ffn_down)\\.weight$`).test(name),
      );
    expect(fedIn(0).map(isSame)).toEqual([true, true, true]);
    for (const layer of [1, 4]) expect(fedIn(layer).map(isSame)).toEqual([false, false, false]);
  });

  it('where both roundings are tried, has the one whose model is nearer', async () => {
    const auto = await quickFit(folder, { ...demo, rounding: 'auto', output: join(folder, 'auto.gguf') });
    const { roundings } = auto.plan;
    const taken = (roundings?.fed ?? NaN) < (roundings?.plain ?? NaN) ? 'fed' : 'plain';
    expect(metadataString(readGguf(outputOf(auto)), 'luq.rounding')).toBe(taken);
    const same = readFileSync(join(folder, `${taken}.gguf`));
    expect(readFileSync(outputOf(auto)).equals(same)).toBe(true);
    expect(auto.plan.fed).toEqual(taken === 'fed' ? fed.plan.fed : null);
  });

  it('is taken only where it is nearer, and within what was asked of the quality', async () => {
    using read = await openContext({ ...REQUEST, rounding: 'auto', maxKld: 0.5 }, {});
    const measuring = await startMeasuring(await identify(read));
    const plan = measuring.planner.withLowLayers([0, 1, 2, 3, 4], 2);
    const chosenBy = (plain: number, nats: number) => {
      const trials = new MadeUpTrials(measuring, { plain, fed: nats });
      return chooseRounding({ ...measuring, trials }, { plan, family: 'luq' });
    };
    const rounded = (rounding: string, plain: number, nats: number) => ({
      rounding,
      roundings: { plain, fed: nats },
    });
    expect(await chosenBy(0.2, 0.1)).toEqual(rounded('fed', 0.2, 0.1));
    expect(await chosenBy(0.1, 0.1)).toEqual(rounded('plain', 0.1, 0.1));
    expect(await chosenBy(0.1, 0.2)).toEqual(rounded('plain', 0.1, 0.2));
    expect(await chosenBy(0.7, 0.6)).toEqual(rounded('plain', 0.7, 0.6));
  });

  it('goes on where it was stopped, and leaves nothing of its walk or of other plans', async () => {
    const rungs = { high: 'Q3_K_M', low: 'Q3_K_S' } as const;
    const quick = { ...REQUEST, rungs, output: join(folder, 'stopped.gguf') };
    const controller = new AbortController();
    const stopped = fit(quick, {
      signal: controller.signal,
      onProgress: ({ stage, done, total }) => {
        if (stage === 'quantize' && done > total / 2) controller.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' });
    const seen: number[] = [];
    const whole = await fit(quick, {
      onProgress: ({ stage, done, total }) => {
        if (stage === 'quantize') seen.push(done / total);
      },
    });
    expect(whole.plan.fed?.fed).toBeGreaterThan((whole.plan.fed?.tensors ?? 0) / 2);
    expect(seen[0]).toBeGreaterThan(0.2);
    expect(seen.at(-1)).toBe(1);
    expect(seen.every((share, i) => share >= (seen[i - 1] ?? 0))).toBe(true);
    const work = join(folder, 'home', 'work');
    for (const name of readdirSync(work)) {
      const walks = join(work, name, 'walks');
      expect(existsSync(walks) ? readdirSync(walks) : []).toEqual([]);
      // blocks that only an earlier plan could use are gone
      const bank = join(work, name, 'bank');
      if (existsSync(bank)) expect(readdirSync(bank).filter(isOfOnePlan).length).toBe(1);
    }
  });
});
