import { expect, it } from 'vitest';
import { fitWarnings } from '../../../src-main/services/fit-warnings.ts';
import { ordinaryLaptop } from '../../helpers/laptops.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const GiB = 2 ** 30;
const parameters = 4e9;
const warned = (freeBytes: number) => {
  const laptop = ordinaryLaptop();
  const disk = { ...laptop.disk, freeBytes };
  return fitWarnings(
    { budgetBytes: GiB },
    { ...laptop, disk },
    { parameters, home: temporaryFolder(), isOwnFolder: true },
  ).join(' ');
};

it('too little disk is warned of by the size of the model, however its source is stored', () => {
  expect(warned(100 * GiB)).not.toContain('are free');
  expect(warned(4 * GiB)).toMatch(
    /Only 4\.00 GiB are free where models are kept; this fit needs about 6\.\d\d GiB/,
  );
});
