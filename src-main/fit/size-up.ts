import type { SizedModel, SizeRequest } from '../contract/workers/compress.ts';
import { loadAddon } from '../engine/addon.ts';
import { layoutsOf, staysMapped } from '../luq/plan/loaded-weights.ts';
import { countedMemory, measureOverhead, predictMemory, tensorDataBytes } from '../luq/plan/memory.ts';
import type { Plan } from '../luq/plan/plan.ts';
import { imageLimits, limitsIn } from '../models/image-limits.ts';
import {
  checkPair,
  mayBeFitted,
  readTextModel,
  readVisionModel,
  type TextModel,
} from '../models/model-file.ts';
import { openMetadata } from '../models/open-model.ts';
import { openContext } from './context.ts';
import { fitDisk } from './disk-use.ts';

/** What a model would take while it is fitted and while one chats with it, by its headers alone. */
export async function sizeUp(request: SizeRequest): Promise<SizedModel> {
  const text = readTextModel(request.modelPath);
  return mayBeFitted(text) ? sizeUpSource(request) : sizeUpQuantized(text, request);
}

async function sizeUpSource(request: SizeRequest): Promise<SizedModel> {
  using context = await openContext(request, {});
  const { planner, source } = context;
  const { contextTokens, threads } = context.request;
  const { gguf, layers, embeddingLength: width } = source.text;
  const sized = (plan: Plan) => ({ fileBytes: planner.fileBytes(plan), memory: plan.memory });
  const all = Array.from({ length: layers }, (_, layer) => layer);
  const [high, low] = [sized(planner.withLowLayers(all, 0)), sized(planner.withLowLayers(all, layers))];
  return {
    contextTokens,
    source: { fileBytes: gguf.fileBytes, memory: planner.unquantized().memory },
    fit: {
      high,
      low,
      ...fitDisk({ highBytes: high.fileBytes, lowBytes: low.fileBytes, layers, width }),
      threads,
    },
  };
}

async function sizeUpQuantized(text: TextModel, request: SizeRequest): Promise<SizedModel> {
  const { addon } = loadAddon();
  const { mmprojPath } = request;
  const vision = mmprojPath === undefined ? undefined : readVisionModel(mmprojPath);
  if (vision) checkPair(text, vision);
  const contextTokens = Math.min(request.contextTokens, text.trainingContextTokens);
  using metadata = await openMetadata(addon, text.path);
  const limits = limitsIn(contextTokens, imageLimits(text, vision));
  const overhead = await measureOverhead(addon, metadata, { contextTokens, vision, limits });
  const { tensors, fileBytes } = text.gguf;
  const weightsBytes = tensorDataBytes(tensors);
  const memory = staysMapped(text)
    ? predictMemory(weightsBytes, overhead, 0)
    : countedMemory(weightsBytes, overhead, text.gguf, layoutsOf(addon, tensors));
  return {
    contextTokens,
    source: { fileBytes, memory },
    fit: null,
  };
}
