import { expect, it } from 'vitest';
import { connectShell, type ShellBridge } from '../../../../src-renderer/bridge/electron-bridge.ts';
import { rejected } from '../../../helpers/thrown.ts';

it('what the shell refuses keeps its code and its advice', async () => {
  const error = {
    name: 'SnugError',
    code: 'FILE',
    message: 'no program opens it',
    advice: 'Get one.',
  } as const;
  const refused = () => Promise.resolve({ error });
  const shell: Partial<ShellBridge> = {
    chooseModels: refused,
    chooseFolder: refused,
    openLogs: refused,
    showInFolder: refused,
  };
  const bridge = connectShell(shell as ShellBridge);
  for (const asked of [
    bridge.chooseModels?.(),
    bridge.chooseFolder?.(),
    bridge.openLogs?.(),
    bridge.showInFolder?.('/m'),
  ])
    expect(await rejected(asked ?? Promise.resolve())).toMatchObject({ code: 'FILE', advice: 'Get one.' });
});
