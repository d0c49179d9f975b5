import type { EventBus } from './event-bus.ts';
import type { PictureView } from '../contract/conversation.ts';
import type { DraftContent, DraftService, KeptDraft } from '../contract/draft.ts';
import type { DraftRepository } from '../store/drafts.ts';
import type { PictureRepository } from '../store/pictures.ts';

/** Questions being written, told to every window when one keeps them. */
export class Drafts implements DraftService {
  readonly #repository: DraftRepository;
  readonly #pictures: PictureRepository;
  readonly #events: EventBus;
  readonly #writers = new Map<string, string>();

  constructor(options: { repository: DraftRepository; pictures: PictureRepository; events: EventBus }) {
    this.#repository = options.repository;
    this.#pictures = options.pictures;
    this.#events = options.events;
  }

  async get({ place }: { place: string }): Promise<KeptDraft> {
    return this.#read(place);
  }

  async keep({
    place,
    writer,
    revision,
    content,
  }: Parameters<DraftService['keep']>[0]): ReturnType<DraftService['keep']> {
    const kept = this.#repository.keep(place, revision, content);
    if (kept) this.#writers.set(place, writer);
    const draft = this.#read(place);
    if (kept) this.#events.emit('drafts.changed', draft);
    return { kept, draft };
  }

  #read(place: string): KeptDraft {
    const { revision, content } = this.#repository.get(place);
    return { ...this.#withViews(content), place, revision, writer: this.#writers.get(place) ?? null };
  }

  #withViews({ text, pictures, edit, moreDetail }: DraftContent<string>): DraftContent {
    const views = (hashes: readonly string[]): PictureView[] =>
      hashes.flatMap((hash) => this.#pictures.find(hash) ?? []);
    return {
      text,
      pictures: views(pictures),
      edit: edit && { ...edit, pictures: views(edit.pictures) },
      ...(moreDetail ? { moreDetail } : {}),
    };
  }
}
