import { describe, expect, it } from 'vitest';
import { Activity } from '../../../src-main/services/activity.ts';
import { EventBus } from '../../../src-main/services/event-bus.ts';
import { rejected, thrown } from '../../helpers/thrown.ts';

const [mug, boat] = ['/models/mug.gguf', '/models/boat.gguf'];

function setUp() {
  const events = new EventBus();
  const activity = new Activity(events);
  let released = 0;
  const keeping = activity.keep({ release: () => Promise.resolve(void released++) });
  return { events, activity, keeping, released: () => released };
}

describe('who uses which model', () => {
  it('is known until it is disposed, by kind and path', () => {
    const { activity } = setUp();
    {
      using _fit = activity.use('fit', mug);
      expect(activity.isUsed('fit')).toBe(true);
      expect(activity.isUsed('fit', mug)).toBe(true);
      expect(activity.isUsed('fit', boat)).toBe(false);
      expect(activity.isUsed('move')).toBe(false);
    }
    expect(activity.isUsed('fit')).toBe(false);
  });

  it('counts each use by itself', () => {
    const { activity } = setUp();
    const [first, second] = [activity.use('sideBySide', mug, boat), activity.use('sideBySide', mug)];
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    expect(activity.isUsed('sideBySide', mug)).toBe(true);
    expect(activity.isUsed('sideBySide', boat)).toBe(false);
    second[Symbol.dispose]();
    expect(activity.isUsed('sideBySide')).toBe(false);
  });

  it('touches every model where none is named', () => {
    const { activity } = setUp();
    using _move = activity.use('move');
    expect(activity.isUsed('move', mug)).toBe(true);
  });

  it('is refused in the words of who asks', () => {
    const { activity } = setUp();
    using _fit = activity.use('fit', mug);
    expect(() => activity.refuseIfUsed('move', 'it moves')).not.toThrow();
    const error = thrown(() => activity.refuseIfUsed('fit', 'it is fitted', { advice: 'Wait.' }));
    expect(error).toMatchObject({ code: 'BUSY', message: 'it is fitted', advice: 'Wait.' });
  });
});

describe('the model in memory', () => {
  it('is told to every window when it is another', () => {
    const { events, activity } = setUp();
    const heard: unknown[] = [];
    using _listening = events.listen((event) => heard.push(event));
    const loaded = { path: mug, memoryBytes: 7 };
    activity.setLoaded(loaded);
    expect(activity.loaded).toBe(loaded);
    expect(heard).toEqual([{ name: 'chat.loaded', data: loaded }]);
  });

  it('is let go of when nobody uses it', async () => {
    const { activity, keeping, released } = setUp();
    await activity.freeMemory();
    expect(released()).toBe(1);
    using _fit = activity.use('fit', mug);
    await activity.freeMemory(mug);
    expect(released()).toBe(2);
    keeping[Symbol.dispose]();
    await activity.freeMemory();
    expect(released()).toBe(2);
  });

  it.each([
    ['another answers, and this one is not in memory', 'answer', boat, undefined],
    ['it answers', 'answer', mug, 'a model is answering'],
    ['others are compared', 'sideBySide', boat, 'a model is answering'],
  ] as const)('stays while %s', async (_, kind, path, refusal) => {
    const { activity, released } = setUp();
    using _use = activity.use(kind, path);
    if (refusal === undefined) await activity.freeMemory(mug);
    else expect(await rejected(activity.freeMemory(mug))).toMatchObject({ code: 'BUSY', message: refusal });
    expect((await rejected(activity.freeMemory())).code).toBe('BUSY');
    expect(released()).toBe(0);
  });
});
