import type { EventBus } from '../api/event-bus.ts';

/** Whether models are being compared, from what windows are told of it. */
export class ComparisonWatch {
  #comparing = false;

  constructor(events: EventBus) {
    events.listen((event) => {
      if (event.name !== 'chat.compared') return;
      this.#comparing = event.data.some(({ stage }) => stage !== 'done' && stage !== 'stopped');
    });
  }

  get isComparing(): boolean {
    return this.#comparing;
  }
}
