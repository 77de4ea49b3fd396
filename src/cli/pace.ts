import { createHash } from 'node:crypto';
import { withoutPassword } from '../db/failure.ts';
import type { Database } from '../db/open.ts';
import { openLeases } from '../politeness/leases.ts';
import { createSharedPacing } from '../politeness/shared.ts';
import type { Pace } from './asking.ts';
import { ledgerBeside } from './ledger.ts';

/** Paces a scan together with all others on its database; one that is `first` goes before those that are not. */
export function sharedPace(db: Database, { holder, first }: { holder: string; first: boolean }): Pace {
  return ({ database, config: { limits, places, source } }, { now }) => {
    const name = createHash('sha256').update(withoutPassword(database)).digest('hex').slice(0, 12);
    const beside = ledgerBeside(places.state, name);
    const pacing = createSharedPacing({ leases: openLeases(db.sql, { source, holder, first }), beside, limits, now });
    return {
      pacing,
      async close() {
        beside.close();
        await pacing.close();
      },
    };
  };
}
