import type { FitJob, FitStart } from '../contract/fit-job.ts';
import { fitReportSchema, type FitReport } from '../contract/fit-report.ts';
import type { Connection } from './connection.ts';
import { notFound } from './errors.ts';
import { fromJson, toJson } from './json.ts';

/** A job with what it was started with, so that it can go on. */
export interface StoredFitJob {
  readonly job: FitJob;
  readonly start: FitStart;
}

type JsonField = 'progress' | 'entropies' | 'error' | 'report';
type FitJobRow = Omit<FitJob, JsonField> & {
  readonly progress: string | null;
  readonly entropies: string;
  readonly error: string | null;
  readonly report: string | null;
  readonly request: string;
};

const SELECT = `
  SELECT id, model_id AS modelId, model_name AS modelName, budget_bytes AS budgetBytes,
    context_tokens AS contextTokens, state, progress, share, seconds_left AS secondsLeft, entropies,
    low_layers AS lowLayers, error, report, output_id AS outputId, request, started_at AS startedAt,
    ended_at AS endedAt
  FROM fit_jobs`;

/** Fits as they are kept over restarts. */
export class FitJobRepository {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Stores a job as it is now, in place of what was stored of it. */
  save(job: FitJob, start: FitStart): void {
    // progress comes several times a second; that a job began and how it ended is synced
    const isProgress = job.state === 'running' && job.progress !== null;
    this.#connection[isProgress ? 'runStreamed' : 'run'](
      `INSERT INTO fit_jobs (id, model_id, model_name, budget_bytes, context_tokens, state, progress, share,
         seconds_left, entropies, low_layers, error, report, output_id, request, started_at, ended_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET
         model_id = excluded.model_id, model_name = excluded.model_name, budget_bytes = excluded.budget_bytes,
         context_tokens = excluded.context_tokens, state = excluded.state, progress = excluded.progress,
         share = excluded.share, seconds_left = excluded.seconds_left, entropies = excluded.entropies,
         low_layers = excluded.low_layers, error = excluded.error, report = excluded.report,
         output_id = excluded.output_id, request = excluded.request, started_at = excluded.started_at,
         ended_at = excluded.ended_at`,
      job.id,
      job.modelId,
      job.modelName,
      job.budgetBytes,
      job.contextTokens,
      job.state,
      toJson(job.progress),
      job.share,
      job.secondsLeft,
      JSON.stringify(job.entropies),
      job.lowLayers,
      toJson(job.error),
      toJson(job.report),
      job.outputId,
      JSON.stringify(start),
      job.startedAt,
      job.endedAt,
    );
  }

  /** newest first */
  list(): FitJob[] {
    return this.#connection
      .all<FitJobRow>(`${SELECT} ORDER BY started_at DESC, number DESC`)
      .map((row) => asStored(row).job);
  }

  /** Throws NOT_FOUND when there is no such job. */
  get(id: string): StoredFitJob {
    const row = this.#connection.one<FitJobRow>(`${SELECT} WHERE id = ?`, id);
    if (!row) throw notFound('fit');
    return asStored(row);
  }

  /** At start: jobs that an earlier run left running are paused from now on; returns them, without progress where Snug was closed. */
  interrupted(): FitJob[] {
    return this.#connection.transaction(() => {
      const left = this.#connection.all<{ id: string }>(`SELECT id FROM fit_jobs WHERE state = 'running'`);
      this.#connection.run(
        `UPDATE fit_jobs SET state = 'paused', seconds_left = NULL WHERE state = 'running'`,
      );
      return left.map(({ id }) => this.get(id).job);
    });
  }
}

/** With what reports of earlier versions lack, and in today's words. */
function storedReport(text: string | null): FitReport | null {
  const stored = fromJson<FitReport>(text);
  return fitReportSchema.safeParse(stored).data ?? stored;
}

function asStored({ request, ...row }: FitJobRow): StoredFitJob {
  const job = {
    ...row,
    progress: fromJson<FitJob['progress']>(row.progress),
    entropies: JSON.parse(row.entropies) as FitJob['entropies'],
    error: fromJson<FitJob['error']>(row.error),
    report: storedReport(row.report),
  };
  return { job, start: JSON.parse(request) as FitStart };
}
