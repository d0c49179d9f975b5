import { FitService } from '../services/fit-service.ts';
import { formatBytes } from '../contract/bytes.ts';
import { showcaseBudget } from '../contract/showcase-budget.ts';
import { demoModel } from '../root.ts';
import { output } from '../doors/terminal/terminal-output.ts';
import { fitRequest, type FitFlags } from './arguments.ts';
import { printReport, runFit } from './fit-command.ts';
import { profileLines, runProfile } from './profile-command.ts';

/** What the demo shows is LUQ, which takes a few seconds; what another plan asks for is not in its way. */
function shownPlan({ plan, type, trials, minSpeed }: FitFlags): Pick<FitFlags, 'plan'> {
  const isOther = [plan, type, trials, minSpeed].some((value) => value !== undefined);
  return isOther ? {} : { plan: 'luq' };
}

/**
 * `snug demo`: the main job on the embedded model. Any laptop has room for that one whole, so the demo asks for a budget
 * halfway between all layers high and all layers low; from there on it is `snug fit`. Where the paper's order takes which layer
 * depends on chance for this model, and the first one at one bit ruins it, so its sidecar asks to protect the first and the last.
 */
export async function demoCommand(flags: FitFlags): Promise<number> {
  const say = (...lines: readonly string[]) => {
    if (!flags.json) output.lines(...lines);
  };
  const profile = await runProfile({ probe: false });
  say(...profileLines(profile));
  let request = fitRequest(demoModel, { compare: true, ...shownPlan(flags), ...flags });
  if (request.budgetBytes === undefined && request.lowLayers === undefined) {
    const { byLowLayers, rungs } = await new FitService().preview(request);
    const most = byLowLayers[0]?.memory.totalBytes ?? 0;
    const least = byLowLayers.at(-1)?.memory.totalBytes ?? 0;
    const budgetBytes = showcaseBudget(least, most);
    request = { ...request, budgetBytes };
    say(
      '',
      `The demo model is tiny: it needs ${formatBytes(most)} at ${rungs.high}. To show the choice, the demo ` +
        `pretends that only ${formatBytes(budgetBytes)} are free. It protects the first and the last layer; ` +
        `--order entropy shows the paper's order, which takes them early or late as their entropy comes out. ` +
        `What snug fit takes by itself is shown by --plan best: the nearest to the source of several kinds of plans.`,
      '',
    );
  }
  return printReport(await runFit(request), flags);
}
