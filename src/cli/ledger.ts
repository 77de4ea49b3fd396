import { fileLedger, type Ledger, memoryLedger } from '../scan/ledger.ts';

/** The ledger in the state folder; a machine where that cannot be written still gets its answer, within 200 lookups an operator. */
export function stateLedger(folder: string): Ledger {
  const onFile = fileLedger(folder);
  const inMemory = memoryLedger();
  let broken = false;
  const either = <T>(use: (ledger: Ledger) => T): T => {
    if (broken) return use(inMemory);
    try {
      return use(onFile);
    } catch {
      broken = true;
      return use(inMemory);
    }
  };
  return {
    used: (operator, when) => either((ledger) => ledger.used(operator, when)),
    add: (operator, when, count) => {
      inMemory.add(operator, when, count);
      if (!broken) either((ledger) => (ledger === inMemory ? undefined : ledger.add(operator, when, count)));
    },
    close: () => either((ledger) => ledger.close()),
  };
}

/** What is asked without the database of a scan, and what is to be told to those; nothing where the folder cannot be used. */
export function ledgerBeside(folder: string, database: string): Ledger {
  const onFile = fileLedger(folder, database);
  const tried = <T>(use: () => T, otherwise: T): T => {
    try {
      return use();
    } catch {
      return otherwise;
    }
  };
  return {
    used: (operator, when) => tried(() => onFile.used(operator, when), 0),
    add: (operator, when, count) => tried(() => onFile.add(operator, when, count), undefined),
    close: () => tried(() => onFile.close(), undefined),
  };
}
