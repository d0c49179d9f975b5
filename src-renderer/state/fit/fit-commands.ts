import type { FitJob } from '../../../src-main/contract/fit-job.ts';
import type { AppState } from '../app/app.svelte.ts';
import type { Command } from '../app/commands.svelte.ts';

/** Fitting from any page: the fit under way, and each model that can be fitted. */
export function fitCommands(app: AppState): readonly Command[] {
  const steer = (job: FitJob, action: 'pause' | 'resume' | 'cancel') => async (): Promise<void> => {
    app.jobs.take(await app.bridge.api.fits[action]({ jobId: job.id }));
  };
  const { running } = app.jobs;
  const paused = app.jobs.list.find((job) => job.state === 'paused') ?? null;
  const underWay = running ?? paused;
  const commands: Command[] = [];
  if (running) {
    commands.push({
      id: 'fit.pause',
      title: `Pause fitting ${running.modelName}`,
      run: steer(running, 'pause'),
    });
  }
  if (paused) {
    commands.push({
      id: 'fit.resume',
      title: `Resume fitting ${paused.modelName}`,
      keywords: 'continue go on',
      unavailable: running ? 'Another fit is running' : null,
      run: steer(paused, 'resume'),
    });
  }
  if (underWay) {
    const title = `Cancel fitting ${underWay.modelName}`;
    commands.push({ id: 'fit.cancel', title, keywords: 'stop abort', run: steer(underWay, 'cancel') });
  }
  return [...commands, ...app.models.filter(isSource).map((model) => chooseToFit(app, model))];
}

function isSource({ kind, problem }: AppState['models'][number]): boolean {
  return kind === 'source' && problem === null;
}

function chooseToFit(app: AppState, { id, name }: AppState['models'][number]): Command {
  return {
    id: `fit.${id}`,
    title: `Fit ${name} to this laptop…`,
    keywords: 'compress smaller memory ram budget',
    onlyFound: true,
    run: () => app.navigate('fit', id),
  };
}
