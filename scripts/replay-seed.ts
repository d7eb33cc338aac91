// Loaded before a file of tests: with SEED, and SHRINK_PATH where fast-check has told one, its properties run as they did then.
import fc from 'fast-check';

const { SEED, SHRINK_PATH } = process.env;
if (SEED !== undefined) {
  const path = SHRINK_PATH === undefined ? {} : { path: SHRINK_PATH, endOnFailure: true };
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(SEED), ...path });
}
